// The k-th best of an array of sortable values, by bisection with three probes a round: no branch depends on the data,
// and the width of the type bounds the rounds.
#pragma once

#include "vec.hpp"

namespace topkit::cpu {
namespace {

// How many of values[0 .. count) are at least each of three probes. V: sortable integers.
template <class V>
void count_at_least(const typename V::S* values, std::uint32_t count, const typename V::S (&probes)[3],
                    std::uint32_t (&counts)[3]) {
  constexpr std::uint32_t kVectors = kBlock / V::kLanes;
  const typename V::Reg p0 = V::Set(probes[0]), p1 = V::Set(probes[1]), p2 = V::Set(probes[2]);
  std::uint32_t c0 = 0, c1 = 0, c2 = 0, at = 0;
  if constexpr (sizeof(typename V::S) >= 4) {  // lanes that cannot overflow count for themselves
    typename V::Reg n0 = V::Set(0), n1 = V::Set(0), n2 = V::Set(0);
    for (; at + V::kLanes <= count; at += V::kLanes) {
      const typename V::Reg v = V::LoadSorted(values + at);
      n0 = V::Increment(n0, V::Ge(v, p0));
      n1 = V::Increment(n1, V::Ge(v, p1));
      n2 = V::Increment(n2, V::Ge(v, p2));
    }
    typename V::S lanes[3][V::kLanes];
    V::Store(lanes[0], n0);
    V::Store(lanes[1], n1);
    V::Store(lanes[2], n2);
    for (std::uint32_t i = 0; i < V::kLanes; ++i) {
      c0 += static_cast<std::uint32_t>(lanes[0][i]);
      c1 += static_cast<std::uint32_t>(lanes[1][i]);
      c2 += static_cast<std::uint32_t>(lanes[2][i]);
    }
  }
  for (; at < count; at += kBlock) {
    typename V::Mask m0[kVectors], m1[kVectors], m2[kVectors];
#pragma GCC unroll 16
    for (std::uint32_t i = 0; i < kVectors; ++i) {
      const typename V::Reg v = V::LoadSorted(values + at + i * V::kLanes);
      m0[i] = V::Ge(v, p0);
      m1[i] = V::Ge(v, p1);
      m2[i] = V::Ge(v, p2);
    }
    const std::uint32_t left = count - at;
    const std::uint64_t valid = left >= kBlock ? ~std::uint64_t{0} : (std::uint64_t{1} << left) - 1;
    c0 += static_cast<std::uint32_t>(count_bits(V::Join(m0) & valid));
    c1 += static_cast<std::uint32_t>(count_bits(V::Join(m1) & valid));
    c2 += static_cast<std::uint32_t>(count_bits(V::Join(m2) & valid));
  }
  counts[0] = c0;
  counts[1] = c1;
  counts[2] = c2;
}

// Three probes that cut (low, high] in four.
template <class S>
void quarter(S low, S high, S (&probes)[3]) {
  using Raw = std::make_unsigned_t<S>;
  const Raw gap = static_cast<Raw>(static_cast<Raw>(high) - static_cast<Raw>(low));
  const Raw step = static_cast<Raw>(gap / 4), rest = static_cast<Raw>(gap % 4);
  for (int i = 0; i < 3; ++i) {
    const Raw offset = static_cast<Raw>(step * static_cast<Raw>(i + 1) + static_cast<Raw>((rest * (i + 1) + 3) / 4));
    probes[i] = static_cast<S>(static_cast<Raw>(static_cast<Raw>(low) + offset));
  }
}

template <class S>
struct Bound {
  S value;
  std::uint32_t reached;  // how many values are at least `value`
};

// The least of the values that at least k of them reach, and at most k + slack unless ties forbid; slack = 0 gives the
// k-th best.
// 1 <= k <= count; values must be readable for kBlock places more.
template <class V>
Bound<typename V::S> select_bound(const typename V::S* values, std::uint32_t count, std::uint32_t k,
                                  std::uint32_t slack) {
  using S = typename V::S;
  S low = std::numeric_limits<S>::max(), high = std::numeric_limits<S>::min();
  {
    typename V::Reg least = V::Set(low), most = V::Set(high);
    std::uint32_t at = 0;
    for (; at + V::kLanes <= count; at += V::kLanes) {
      const typename V::Reg v = V::LoadSorted(values + at);
      least = V::Min(least, v);
      most = V::Max(most, v);
    }
    S lanes[2][V::kLanes];
    V::Store(lanes[0], least);
    V::Store(lanes[1], most);
    for (std::uint32_t i = 0; i < V::kLanes; ++i) {
      low = lesser(low, lanes[0][i]);
      high = greater(high, lanes[1][i]);
    }
    for (; at < count; ++at) {
      low = lesser(low, values[at]);
      high = greater(high, values[at]);
    }
  }
  std::uint32_t reached = count;
  while (low < high && reached > k + slack) {
    S probes[3];
    std::uint32_t counts[3];
    quarter(low, high, probes);
    count_at_least<V>(values, count, probes, counts);
    for (int i = 0; i < 3; ++i) {
      if (counts[i] < k) {
        high = static_cast<S>(probes[i] - 1);
        break;
      }
      low = probes[i];
      reached = counts[i];
    }
  }
  if (low < high) {  // from a probe to the least value that reaches it
    typename V::Reg least = V::Set(high);
    const typename V::Reg probe = V::Set(low);
    std::uint32_t at = 0;
    for (; at + V::kLanes <= count; at += V::kLanes) {
      const typename V::Reg v = V::LoadSorted(values + at);
      least = V::If(V::Ge(v, probe), V::Min(v, least), least);
    }
    S lanes[V::kLanes];
    V::Store(lanes, least);
    S found = high;
    for (std::uint32_t i = 0; i < V::kLanes; ++i) found = lesser(found, lanes[i]);
    for (; at < count; ++at) found = values[at] >= low ? lesser(found, values[at]) : found;
    low = found;
  }
  return {low, reached};
}

}  // namespace
}  // namespace topkit::cpu
