// A small exact selection kernel into which bugs can be planted: the proof that the tests of kernels can fail.
#pragma once

#include <cstdint>

#include "cuda/launch.hpp"

namespace topkit::test {

enum class Bug : std::uint8_t {
  none,
  dropped_barrier,    // the histogram is read before every thread has counted
  divergent_barrier,  // a barrier in a branch that some threads do not take
  dropped_tie_quota,  // every key equal to the k-th is written, whether there is room or not
  lost_overflow,      // survivors beyond the buffer are dropped instead of narrowing the threshold
  missing_lane,       // a vote that names a lane that left the loop
  unwaited_copy,      // the staged row is read before its copy has arrived
};

inline constexpr unsigned kPlantedThreads = 128;
inline constexpr unsigned kPlantedCapacity = 64;

struct PlantedState {
  std::uint32_t bins[256];
  std::uint32_t survivors[kPlantedCapacity];
  std::uint32_t count, threshold, above, digit;
};

// Marks the k largest of keys[0..n), lower index first among equals, in chosen[0..n). A sampled threshold narrows the
// candidates; when they do not fit, and for the exact threshold in any case, digits are counted.
template <Bug kBug>
__global__ void planted_select(const std::uint32_t* keys, unsigned n, unsigned k, unsigned char* chosen) {
  auto& s = cuda::shared<PlantedState>();
  auto* row = cuda::dynamic_shared<std::uint32_t>();
  const unsigned t = threadIdx.x;

  for (unsigned i = t * 4; i + 4 <= n; i += kPlantedThreads * 4) cuda::async_copy16(&row[i], &keys[i]);
  for (unsigned i = n / 4 * 4 + t; i < n; i += kPlantedThreads) cuda::async_copy4(&row[i], &keys[i]);
  cuda::async_commit();
  if (kBug != Bug::unwaited_copy) cuda::async_wait<0>();
  if (t == 0) s.count = 0;
  __syncthreads();

  // Candidates: keys with the upper half of the range. Few inputs have more than the buffer holds.
  for (unsigned i = t; i < n; i += kPlantedThreads) {
    if (row[i] < 0x80000000U) continue;
    const unsigned place = atomicAdd(&s.count, 1U);
    if (place < kPlantedCapacity) s.survivors[place] = row[i];
  }
  __syncthreads();
  const bool fits = kBug == Bug::lost_overflow ? s.count >= k : s.count >= k && s.count <= kPlantedCapacity;
  const std::uint32_t* list = fits ? s.survivors : row;
  const unsigned length = fits ? min(s.count, kPlantedCapacity) : n;

  std::uint32_t prefix = 0, mask = 0;
  unsigned wanted = k;
  for (int shift = 24; shift >= 0; shift -= 8) {
    for (unsigned i = t; i < 256; i += kPlantedThreads) s.bins[i] = 0;
    __syncthreads();
    for (unsigned i = t; i < length; i += kPlantedThreads)
      if ((list[i] & mask) == prefix) atomicAdd(&s.bins[list[i] >> shift & 255], 1U);
    if (kBug == Bug::divergent_barrier) {
      if (t < length) __syncthreads();
    } else if (kBug != Bug::dropped_barrier) {
      __syncthreads();
    }
    if (t == 0) {
      unsigned above = 0, digit = 255;
      while (digit > 0 && above + s.bins[digit] < wanted) above += s.bins[digit--];
      s.digit = digit;
      s.above = above;
    }
    __syncthreads();
    prefix |= s.digit << shift;
    mask |= 255U << shift;
    wanted -= s.above;
    __syncthreads();
  }

  // One warp walks the row in index order, so that the quota of equal keys goes to the lowest indices.
  if (t >= 32) return;
  unsigned quota = wanted;
  for (unsigned first = 0; first < n; first += 32) {
    const unsigned i = first + t;
    if (kBug == Bug::missing_lane && i >= n) break;
    const std::uint32_t key = i < n ? row[i] : 0;
    const unsigned equal = __ballot_sync(cuda::full_mask, i < n && key == prefix);
    const bool lucky = kBug == Bug::dropped_tie_quota || static_cast<unsigned>(__popc(equal & ((1U << t) - 1))) < quota;
    if (i < n) chosen[i] = key > prefix || (key == prefix && lucky) ? 1 : 0;
    quota -= min(quota, static_cast<unsigned>(__popc(equal)));
  }
  __syncwarp(cuda::full_mask);
}

}  // namespace topkit::test
