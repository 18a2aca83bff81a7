// Mbarriers of the host stand-in: what store_async brings is garbage until the phase it belongs to is complete.
#pragma once

#include <cstdint>
#include <cstring>
#include <type_traits>

#include "machine.hpp"

namespace topkit::cuda {

struct Mbarrier {
  std::uint64_t word;
};

inline void mbarrier_init(Mbarrier* m, unsigned arrivals) { simt::mbarrier_init(m, arrivals); }
inline void mbarrier_publish() {}
inline void mbarrier_expect(Mbarrier* m, unsigned rank, unsigned bytes, const char* file = __builtin_FILE(),
                            int line = __builtin_LINE()) {
  simt::mbarrier_expect(m, rank, bytes, {file, line});
}
inline void mbarrier_wait(Mbarrier* m, unsigned parity, const char* file = __builtin_FILE(),
                          int line = __builtin_LINE()) {
  simt::mbarrier_wait(m, parity, {file, line});
}
template <class T>
void store_async(T* mine, unsigned rank, std::type_identity_t<T> value, Mbarrier* m,
                 const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8);
  std::uint64_t bits = 0;
  std::memcpy(&bits, &value, sizeof(T));
  simt::store_async(mine, rank, bits, sizeof(T), m, {file, line});
}
inline void cluster_arrive_relaxed(const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  simt::cluster_arrive({file, line});
}

}  // namespace topkit::cuda
