// k = 1: one pass for the maximum, piece by piece, then a second look at the piece that has it.
#pragma once

#include "bound.hpp"
#include "scan.hpp"
#include "write.hpp"

namespace topkit::cpu {
namespace {

template <class V>
struct Argmax {
  using S = typename V::S;
  using Raw = typename V::Raw;
  using Sorted = typename V::Sorted;
  static constexpr std::uint32_t kPiece = 16384 / sizeof(Raw);

  static std::size_t scratch_bytes(const Job&) { return 0; }

  static void run(const Job& job, const Row* rows, std::int64_t count, Scratch&) {
    const typename V::Lens lens(job.sortable);
    const typename Sorted::Lens sorted_lens(job.sortable);
    const SortableKeys<S> keys(job.sortable);
    for (std::int64_t r = 0; r < count; ++r) {
      const auto* p = static_cast<const Raw*>(rows[r].data);
      std::uint32_t winner = 0;
      if (!find<V>(lens, keys, p, rows[r].cols, winner)) find<Sorted>(sorted_lens, keys, p, rows[r].cols, winner);
      write_row<Sorted>(job, rows[r], &winner);
    }
  }

 private:
  // False when there is a NaN that W cannot see.
  template <class W>
  static bool find(const typename W::Lens& lens, const SortableKeys<S>& keys, const Raw* p, std::uint32_t n,
                   std::uint32_t& winner) {
    S best = 0;
    std::uint32_t piece = n;
    for (std::uint32_t begin = 0; begin < n; begin += kPiece) {
      S most;
      if (!maximum<W>(lens, p + begin, lesser(kPiece, n - begin), most)) return false;
      most = keys.canonical(most);
      if (piece == n || most > best) {
        best = most;
        piece = begin;
      }
    }
    const auto t = W::Threshold(lens, keys, best);
    const auto reach = [t](auto x) { return W::Ge(x, t); };
    for (std::uint32_t i = piece;; i += kBlock) {
      const std::uint32_t rest = n - i;
      const std::uint64_t bits = next_block_bits<W>(lens, p + i, rest, reach);
      if (bits == 0 && rest > kBlock) continue;
      winner = i + (bits == 0 ? 0 : static_cast<std::uint32_t>(__builtin_ctzll(bits)));
      return true;
    }
  }

  template <class W>
  static bool maximum(const typename W::Lens& lens, const Raw* p, std::uint32_t n, S& most) {
    constexpr std::uint32_t kVectors = kBlock / W::kLanes;
    typename W::Reg best[kVectors];
    typename W::Mask unordered[kVectors];
#pragma GCC unroll 16
    for (std::uint32_t i = 0; i < kVectors; ++i) {
      best[i] = W::Worst();
      unordered[i] = typename W::Mask{};
    }
    const std::uint32_t full = n / kBlock, rest = n % kBlock;
    for (std::uint32_t b = 0; b < full; ++b) {
      typename W::Reg x[kVectors];
#pragma GCC unroll 16
      for (std::uint32_t i = 0; i < kVectors; ++i) {
        x[i] = W::Load(lens, p + b * kBlock + i * W::kLanes);
        best[i] = W::Max(x[i], best[i]);
      }
      if constexpr (W::kFloat) {
#pragma GCC unroll 16
        for (std::uint32_t i = 0; i + 1 < kVectors; i += 2)
          unordered[i] = Sorted::Or(unordered[i], W::Unordered(x[i], x[i + 1]));
      }
    }
    for (std::uint32_t i = 0; i < kVectors && rest != 0; ++i) {
      const std::uint32_t done = lesser(rest, i * W::kLanes);
      const auto x = W::LoadN(lens, p + full * kBlock + done, rest - done);
      best[i] = W::Max(x, best[i]);
      if constexpr (W::kFloat) unordered[i] = Sorted::Or(unordered[i], W::Unordered(x, x));
    }
    if (W::kFloat && W::Join(unordered) != 0) return false;
    auto top = W::ToSorted(lens, best[0]);
#pragma GCC unroll 16
    for (std::uint32_t i = 1; i < kVectors; ++i) top = Sorted::Max(top, W::ToSorted(lens, best[i]));
    most = Sorted::ReduceMax(top);
    return true;
  }
};

}  // namespace
}  // namespace topkit::cpu
