#include "cuda_peer.hpp"

#include <array>

namespace topkit::bench {

std::span<const CudaPeer* const> cuda_peers() {
  static constexpr std::array kAll{
      &kCubSort,
#ifdef TOPKIT_CUB_TOPK
      &kCubTopk,
#endif
#ifdef TOPKIT_FLASHINFER
      &kFlashinferTopk, &kFlashinferSorted,
#endif
#ifdef TOPKIT_RAFT
      &kRaftSelectK,    &kRaftSorted,
#endif
  };
  return kAll;
}

}  // namespace topkit::bench
