#include "cuda_peer.hpp"

#include <array>

namespace topkit::bench {

std::span<const CudaPeer* const> cuda_peers() {
#ifdef TOPKIT_CUB_TOPK
  static constexpr std::array kAll{&kCubSort, &kCubTopk};
#else
  static constexpr std::array kAll{&kCubSort};
#endif
  return kAll;
}

}  // namespace topkit::bench
