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

// Values from low on are wanted: `reached` of some values are at least that, and fewer than k are at least high.
template <class S>
struct Bracket {
  S low, high;
  std::uint32_t reached;
  bool ends() const { return low == high || static_cast<S>(low + 1) == high; }  // low <= high
};

// Four-way bisection over the sortable values of a bracket. Stops when the count is in k .. enough or the two ends are
// neighbours, so it takes at most half as many steps as a value has bits.
template <class S, class Count>
Bracket<S> bisect(Bracket<S> at, std::uint32_t k, std::uint32_t enough, int steps, const Count& count) {
  using U = std::make_unsigned_t<S>;
  for (; at.reached > enough && steps != 0; --steps) {
    const U width = static_cast<U>(static_cast<U>(at.high) - static_cast<U>(at.low));
    if (width <= 1) break;
    const U step = greater<U>(static_cast<U>(width / 4), 1);
    S probes[3];
    for (U i = 0; i < 3; ++i)
      probes[i] =
          static_cast<S>(static_cast<U>(at.low) + lesser<U>(static_cast<U>((i + 1) * step), static_cast<U>(width - 1)));
    std::uint32_t reached[3];
    count(probes, reached);
    // Probes ascend, so counts descend; no branch foresees where they fall below k.
    const S ends[5] = {at.low, probes[0], probes[1], probes[2], at.high};
    const std::uint32_t counts[4] = {at.reached, reached[0], reached[1], reached[2]};
    const int last = (reached[0] >= k ? 1 : 0) + (reached[1] >= k ? 1 : 0) + (reached[2] >= k ? 1 : 0);
    at = {ends[last], ends[last + 1], counts[last]};
  }
  return at;
}

// The least of values[0, count) that reach s, which some do; count is a multiple of 64.
template <class Sorted>
typename Sorted::S least_from(const typename Sorted::S* values, std::uint32_t count, typename Sorted::S s) {
  using S = typename Sorted::S;
  const auto from = Sorted::Set(s);
  auto least = Sorted::Set(std::numeric_limits<S>::max());
  for (std::uint32_t i = 0; i < count; i += Sorted::kLanes) {
    const auto v = Sorted::LoadSorted(values + i);
    least = Sorted::If(Sorted::Ge(v, from), Sorted::Min(v, least), least);
  }
  return static_cast<S>(~Sorted::ReduceMax(Sorted::Not(least)));
}

// A sortable value that at least k of values[0, count) reach, and how many do, where count >= k and a multiple of 64. More
// than enough_of(k) are only ties.
constexpr std::uint32_t enough_of(std::uint32_t k) { return k + k / 8; }
template <class Sorted>
Bracket<typename Sorted::S> bound(const typename Sorted::S* values, std::uint32_t count, std::uint32_t k) {
  using S = typename Sorted::S;
  constexpr int kSteps = 4;  // ties are seldom found in more; then each step begins with the next value that there is
  S smallest, largest;
  extremes<Sorted>(values, count, smallest, largest);
  const auto reaching = [&](S s) {
    std::uint32_t reached[3];
    count_three<Sorted>(values, count, {s, s, s}, reached);
    return reached[0];
  };
  if (largest == std::numeric_limits<S>::max()) {  // nothing is above it
    const std::uint32_t reached = reaching(largest);
    if (reached >= k) return {largest, largest, reached};
  } else {
    ++largest;
  }
  const auto count_probes = [&](const S(&p)[3], std::uint32_t(&r)[3]) { count_three<Sorted>(values, count, p, r); };
  Bracket<S> at = bisect<S>({smallest, largest, count}, k, enough_of(k), kSteps, count_probes);
  while (at.reached > enough_of(k) && !at.ends()) {
    at.low = least_from<Sorted>(values, count, at.low);
    if (at.ends()) break;
    const auto next = static_cast<S>(at.low + 1);
    const std::uint32_t reached = reaching(next);
    if (reached < k) break;
    at = bisect<S>({next, at.high, reached}, k, enough_of(k), 1, count_probes);
  }
  return at;
}

}  // namespace
}  // namespace topkit::cpu
