// The best of a warp's candidates.
#pragma once

#include "element.hpp"

namespace topkit::cuda {

// 0 is nobody.
__device__ inline Candidate warp_best(Candidate mine) {
  const Key key = __reduce_max_sync(full_mask, key_of(mine));
  const auto low = static_cast<std::uint32_t>(mine);
  return static_cast<Candidate>(key) << 32 | __reduce_max_sync(full_mask, key_of(mine) == key ? low : 0);
}

}  // namespace topkit::cuda
