// Thresholds by counting: a value that at least k, and not many more, of some sortable values reach.
#pragma once

#include "vec.hpp"

namespace topkit::cpu {
namespace {

// How many of values[0, count) reach each of three probes; count is a multiple of 64.
template <class Sorted>
void count_three(const typename Sorted::S* values, std::uint32_t count, const typename Sorted::S (&probes)[3],
                 std::uint32_t (&reached)[3]) {
  const auto low = Sorted::Set(probes[0]), middle = Sorted::Set(probes[1]), high = Sorted::Set(probes[2]);
  reached[0] = reached[1] = reached[2] = 0;
  for (std::uint32_t i = 0; i < count; i += kBlock) {
    typename Sorted::Mask masks[3][kBlock / Sorted::kLanes];
#pragma GCC unroll 16
    for (std::uint32_t v = 0; v < kBlock / Sorted::kLanes; ++v) {
      const auto value = Sorted::LoadSorted(values + i + v * Sorted::kLanes);
      masks[0][v] = Sorted::Ge(value, low);
      masks[1][v] = Sorted::Ge(value, middle);
      masks[2][v] = Sorted::Ge(value, high);
    }
    for (int j = 0; j < 3; ++j) reached[j] += static_cast<std::uint32_t>(count_bits(Sorted::Join(masks[j])));
  }
}

// The largest and the smallest of values[0, count); count is a multiple of 64.
template <class Sorted>
void extremes(const typename Sorted::S* values, std::uint32_t count, typename Sorted::S& smallest,
              typename Sorted::S& largest) {
  using S = typename Sorted::S;
  auto most = Sorted::LoadSorted(values), least = most;
  for (std::uint32_t i = Sorted::kLanes; i < count; i += Sorted::kLanes) {
    most = Sorted::Max(most, Sorted::LoadSorted(values + i));
    least = Sorted::Min(least, Sorted::LoadSorted(values + i));
  }
  largest = Sorted::ReduceMax(most);
  smallest = static_cast<S>(~Sorted::ReduceMax(Sorted::Not(least)));
}

// Four-way bisection over the sortable values between what all reach and what fewer than k reach. Stops when the count is
// in k .. enough or the two ends are neighbours, so it takes at most half as many steps as a value has bits.
template <class S, class Count>
S bisect(S low, S high, std::uint32_t k, std::uint32_t enough, std::uint32_t at_low, const Count& count) {
  using U = std::make_unsigned_t<S>;
  while (at_low > enough) {
    const U width = static_cast<U>(static_cast<U>(high) - static_cast<U>(low));
    if (width <= 1) break;
    const U step = greater<U>(static_cast<U>(width / 4), 1);
    S probes[3];
    for (U i = 0; i < 3; ++i)
      probes[i] =
          static_cast<S>(static_cast<U>(low) + lesser<U>(static_cast<U>((i + 1) * step), static_cast<U>(width - 1)));
    std::uint32_t reached[3];
    count(probes, reached);
    // Probes ascend, so counts descend; no branch foresees where they fall below k.
    const S ends[5] = {low, probes[0], probes[1], probes[2], high};
    const std::uint32_t counts[4] = {at_low, reached[0], reached[1], reached[2]};
    const int last = (reached[0] >= k ? 1 : 0) + (reached[1] >= k ? 1 : 0) + (reached[2] >= k ? 1 : 0);
    low = ends[last];
    high = ends[last + 1];
    at_low = counts[last];
  }
  return low;
}

// A sortable value that at least k of values[0, count) reach, where count >= k and a multiple of 64.
template <class Sorted>
typename Sorted::S bound(const typename Sorted::S* values, std::uint32_t count, std::uint32_t k) {
  using S = typename Sorted::S;
  S smallest, largest;
  extremes<Sorted>(values, count, smallest, largest);
  if (largest == std::numeric_limits<S>::max()) {  // nothing is above it
    const S probes[3] = {largest, largest, largest};
    std::uint32_t reached[3];
    count_three<Sorted>(values, count, probes, reached);
    if (reached[0] >= k) return largest;
  } else {
    ++largest;
  }
  return bisect<S>(smallest, largest, k, k + k / 8, count,
                   [&](const S(&p)[3], std::uint32_t(&r)[3]) { count_three<Sorted>(values, count, p, r); });
}

}  // namespace
}  // namespace topkit::cpu
