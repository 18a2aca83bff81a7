// How a block takes a row. Pure host code.
#pragma once

#include "../algorithms.hpp"

namespace topkit::cuda {

struct BlockShape {
  int warps;   // 0: not at all
  int votes;   // bounds of a warp
  int share;   // of the winners, for each of them: at most 32 of 64 maxima
  int spared;  // warps whose bounds may be below the row's: the least of many is far too low
};

// Masks of 32 elements a lane has: two of packed 16-bit elements take the registers of one of others.
constexpr int block_masks(const Problem& p) { return is_fast(p) && bytes(p.dtype) == 2 ? 2 : 1; }

inline constexpr int kBlockMostK = 256;
inline constexpr int kBlockSlots = 512;  // survivors that a block puts into order at once

// Rows of up to 1024 elements a mask of a warp, and winners few enough for a bound from maxima or so few elements that all
// of them may survive.
inline BlockShape block_shape(const Problem& p) {
  const int masks = block_masks(p), most = is_fast(p) ? 32 / masks : 16;
  if (p.k > kBlockMostK || p.cols < 1 || p.cols > 32768) return {};
  const std::int64_t granules = p.cols * bytes(p.dtype) / 16, vecs = 2 * bytes(p.dtype);
  for (auto warps = static_cast<int>((p.cols + 1024 * masks - 1) / (1024 * masks)); warps <= most; ++warps) {
    const int threads = 32 * warps;
    if (warps > 1 && granules < threads) break;  // some would have nothing
    // One bound of a warp from slices twice as long is as good as two, where half of its maxima are enough.
    const bool one = p.k <= 32LL * (warps - (warps >= 16 ? 3 : 0));
    const int votes = granules >= threads * (vecs + 1) && !one ? masks : 1;
    const int spared = warps >= 16 ? 3 : warps >= 8 && votes > 1 ? 1 : 0, say = (warps - spared) * votes;
    const auto share = static_cast<int>((p.k + say - 1) / say);
    if (share > 32 && p.cols > kBlockSlots) continue;
    return {warps, votes, share, spared};
  }
  return {};
}

// How `warps` at most take a part of a row that lies in so many granules, k <= its elements. vecs: a lane's granules.
constexpr BlockShape part_shape(int granules, int vecs, int k, int warps) {
  const auto up = [](int a, int b) { return (a + b - 1) / b; };
  // As few as hold it, and as many as the winners ask for; each lane has something.
  const int fit = up(granules, 32 * vecs), ask = up(k, 32), fed = granules / 32;
  int some = ask < fed ? ask : fed;
  some = some < fit ? fit : some < warps ? some : warps;
  const int votes = k <= 32 * (some - (some >= 16 ? 3 : 0)) ? 1 : 2;
  const int spared = some >= 16 ? 3 : some >= 8 && votes > 1 ? 1 : 0;
  return {some, votes, up(k, (some - spared) * votes), spared};
}

}  // namespace topkit::cuda
