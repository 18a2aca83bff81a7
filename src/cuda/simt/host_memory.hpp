// Shared memory, atomics, loads and late copies of the host stand-in.
#pragma once

#include <cstddef>
#include <cstdint>
#include <type_traits>

#include "host_types.hpp"
#include "machine.hpp"

namespace topkit::simt {

template <class T>
inline const int static_slot = new_static_slot();

// CUDA's overloads, so that what compiles here compiles there.
template <class T, class... U>
concept OneOf = (std::is_same_v<T, U> || ...);
template <class T>
concept Added = OneOf<T, int, unsigned, unsigned long long, float, double>;
template <class T>
concept Ordered = OneOf<T, int, unsigned, long long, unsigned long long>;
template <class T>
concept Swapped = OneOf<T, int, unsigned, unsigned long long>;

template <class T, class F>
T read_modify_write(T* p, F f) {
  maybe_yield();
  if (reinterpret_cast<std::uintptr_t>(p) % sizeof(T) != 0) fault("misaligned atomic");
  const T before = *p;
  *p = f(before);
  return before;
}

template <class T>
void check_aligned(const T* p) {
  if (reinterpret_cast<std::uintptr_t>(p) % sizeof(T) != 0)
    fault("load or store of %zu bytes at an address that is not %zu-byte aligned", sizeof(T), sizeof(T));
}

}  // namespace topkit::simt

// NOLINTBEGIN(bugprone-reserved-identifier)
template <topkit::simt::Added T>
T atomicAdd(T* p, std::type_identity_t<T> v) {
  return topkit::simt::read_modify_write(p, [v](T b) { return static_cast<T>(b + v); });
}
template <topkit::simt::OneOf<int, unsigned> T>
T atomicSub(T* p, std::type_identity_t<T> v) {
  return topkit::simt::read_modify_write(p, [v](T b) { return b - v; });
}
template <topkit::simt::Ordered T>
T atomicMax(T* p, std::type_identity_t<T> v) {
  return topkit::simt::read_modify_write(p, [v](T b) { return b > v ? b : v; });
}
template <topkit::simt::Ordered T>
T atomicMin(T* p, std::type_identity_t<T> v) {
  return topkit::simt::read_modify_write(p, [v](T b) { return b < v ? b : v; });
}
template <topkit::simt::Swapped T>
T atomicOr(T* p, std::type_identity_t<T> v) {
  return topkit::simt::read_modify_write(p, [v](T b) { return b | v; });
}
template <topkit::simt::Swapped T>
T atomicAnd(T* p, std::type_identity_t<T> v) {
  return topkit::simt::read_modify_write(p, [v](T b) { return b & v; });
}
template <topkit::simt::OneOf<int, unsigned, unsigned long long, float> T>
T atomicExch(T* p, std::type_identity_t<T> v) {
  return topkit::simt::read_modify_write(p, [v](T) { return v; });
}
template <topkit::simt::OneOf<int, unsigned, unsigned long long, unsigned short> T>
T atomicCAS(T* p, std::type_identity_t<T> expected, std::type_identity_t<T> v) {
  return topkit::simt::read_modify_write(p, [expected, v](T b) { return b == expected ? v : b; });
}

template <class T>
T __ldg(const T* p) {
  topkit::simt::check_aligned(p);
  return *p;
}
template <class T>
T __ldcs(const T* p) {
  topkit::simt::check_aligned(p);
  return *p;
}
template <class T>
T __ldcg(const T* p) {
  topkit::simt::check_aligned(p);
  return *p;
}
template <class T>
void __stcs(T* p, std::type_identity_t<T> v) {
  topkit::simt::check_aligned(p);
  *p = v;
}
// NOLINTEND(bugprone-reserved-identifier)

namespace topkit::cuda {

template <class T>
T& shared() {
  return *static_cast<T*>(simt::static_shared(simt::static_slot<T>, sizeof(T), alignof(T) > 16 ? alignof(T) : 16));
}

template <class T>
T* dynamic_shared() {
  return static_cast<T*>(simt::dynamic_shared());
}

template <class T>
T* map_shared(T* mine, unsigned rank, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return static_cast<T*>(simt::map_shared(mine, rank, {file, line}));
}
template <class T>
T cluster_load(const T* mine, unsigned rank, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  static_assert(sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  const T* twin = static_cast<const T*>(simt::map_shared(mine, rank, {file, line}));
  simt::check_aligned(twin);
  return *twin;
}
template <class T>
void cluster_store(T* mine, unsigned rank, std::type_identity_t<T> value, const char* file = __builtin_FILE(),
                   int line = __builtin_LINE()) {
  static_assert(sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  T* twin = static_cast<T*>(simt::map_shared(mine, rank, {file, line}));
  simt::check_aligned(twin);
  *twin = value;
}
inline std::uint32_t cluster_add(std::uint32_t* mine, unsigned rank, std::uint32_t value,
                                 const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  return atomicAdd(static_cast<std::uint32_t*>(simt::map_shared(mine, rank, {file, line})), value);
}

inline void async_copy16(void* shared_to, const void* global_from) { simt::async_copy(shared_to, global_from, 16); }
inline void async_copy8(void* shared_to, const void* global_from) { simt::async_copy(shared_to, global_from, 8); }
inline void async_copy4(void* shared_to, const void* global_from) { simt::async_copy(shared_to, global_from, 4); }
inline void async_commit() { simt::async_commit(); }
template <int n>
void async_wait() {
  simt::async_wait(n);
}

inline void prefetch(const void*) {}

template <class T>
T load_once(const T* p) {
  static_assert(sizeof(T) == 1 || sizeof(T) == 2 || sizeof(T) == 4 || sizeof(T) == 8 || sizeof(T) == 16);
  simt::check_aligned(p);
  return *p;
}

template <class T>
T atomic_add(T* p, std::type_identity_t<T> v) {
  return simt::read_modify_write(p, [v](T b) { return static_cast<T>(b + v); });
}
template <class T>
T atomic_max(T* p, std::type_identity_t<T> v) {
  return simt::read_modify_write(p, [v](T b) { return b > v ? b : v; });
}
template <class T>
T atomic_min(T* p, std::type_identity_t<T> v) {
  return simt::read_modify_write(p, [v](T b) { return b < v ? b : v; });
}
template <class T>
T atomic_or(T* p, std::type_identity_t<T> v) {
  return simt::read_modify_write(p, [v](T b) { return static_cast<T>(b | v); });
}
template <class T>
T atomic_exch(T* p, std::type_identity_t<T> v) {
  return simt::read_modify_write(p, [v](T) { return v; });
}
template <class T>
T atomic_cas(T* p, std::type_identity_t<T> expected, std::type_identity_t<T> v) {
  return simt::read_modify_write(p, [expected, v](T b) { return b == expected ? v : b; });
}

}  // namespace topkit::cuda
