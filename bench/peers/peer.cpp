#include "peer.hpp"

#include <array>

namespace topkit::bench {

std::span<const Peer* const> peers_of(const Case& c) {
  static constexpr std::array<const Peer*, 2> kAll{&kPartialSort, &kNthElement};
  bool native = false;
  with_native_type(c.dtype, [&](auto) { native = true; });
  return native ? std::span<const Peer* const>(kAll) : std::span<const Peer* const>();
}

}  // namespace topkit::bench
