// The way out when a threshold keeps too many elements: ties, NaN, or an input made against the bound. Exact for every row, and
// bounded: at most half as many passes as an element has bits.
#pragma once

#include "bound.hpp"
#include "scan.hpp"

#if defined(__BMI2__)
#include <immintrin.h>
#endif

namespace topkit::cpu {
namespace {

// The lowest `count` set bits.
inline std::uint64_t lowest_bits(std::uint64_t bits, std::uint32_t count) {
#if defined(__BMI2__)
  if (count < 64) return _pdep_u64((std::uint64_t{1} << count) - 1, bits);
#endif
  std::uint64_t rest = bits;
  for (std::uint32_t i = 0; i < count && rest != 0; ++i) rest &= rest - 1;
  return bits ^ rest;
}

// Positions of all elements above the key of `s` and of the first `ties` that have it, ascending; returns how many.
template <class Sorted>
std::uint32_t collect_exactly(const typename Sorted::Lens lens, const SortableKeys<typename Sorted::S>& keys,
                              const typename Sorted::Raw* p, std::uint32_t n, typename Sorted::S s, std::uint32_t ties,
                              std::uint32_t total, std::uint32_t* out) {
  std::uint32_t* const begin = out;
  const auto over = Sorted::Set(keys.above(s)), reach = Sorted::Set(keys.at_least(s));
  const auto above = [over](auto x) { return Sorted::Gt(x, over); };
  const auto at_least = [reach](auto x) { return Sorted::Ge(x, reach); };
  for (std::uint32_t i = 0; i < n && static_cast<std::uint32_t>(out - begin) < total; i += kBlock) {
    const std::uint64_t better = next_block_bits<Sorted>(lens, p + i, n - i, above);
    std::uint64_t equal = 0;
    if (ties != 0) {
      equal = next_block_bits<Sorted>(lens, p + i, n - i, at_least) & ~better;
      equal = lowest_bits(equal, ties);
      ties -= static_cast<std::uint32_t>(count_bits(equal));
    }
    out = Sorted::Emit(better | equal, i, out);
  }
  return static_cast<std::uint32_t>(out - begin);
}

// Positions of the first k elements from the key of `s` on and of all later ones above it, ascending: an equal one behind
// them loses by its index. Fewer than k when there are no more; stops early with more than `limit` >= k; `out` has room for
// limit + 9 * kBlock + kSlack. Fetches what is at `ahead` meanwhile.
template <class Sorted>
std::uint32_t collect_strictly(const typename Sorted::Lens lens, const SortableKeys<typename Sorted::S>& keys,
                               const typename Sorted::Raw* p, std::uint32_t n, typename Sorted::S s, std::uint32_t k,
                               std::uint32_t limit, const void* ahead, std::uint32_t* out) {
  std::uint32_t* const begin = out;
  const auto over = Sorted::Set(keys.above(s)), reach = Sorted::Set(keys.at_least(s));
  const auto above = [over](auto x) { return Sorted::Gt(x, over); };
  const auto at_least = [reach](auto x) { return Sorted::Ge(x, reach); };
  const auto bits_of = [&](std::uint32_t i, const auto& compare) {
    return next_block_bits<Sorted>(lens, p + i, n - i, compare);
  };
  const auto fetch = [&](std::uint32_t i) {
    fetch_block<typename Sorted::Raw>(ahead, i * sizeof(typename Sorted::Raw));
  };
  std::uint32_t i = 0;
  for (std::uint32_t wanted = k; i < n && wanted != 0; i += kBlock) {
    std::uint64_t bits = bits_of(i, at_least);
    const std::uint32_t taken = lesser(static_cast<std::uint32_t>(count_bits(bits)), wanted);
    wanted -= taken;
    if (wanted == 0) bits = lowest_bits(bits, taken) | bits_of(i, above);
    out = Sorted::Emit(bits, i, out);
    fetch(i);
  }
  while (i < n && static_cast<std::uint32_t>(out - begin) <= limit)
    for (const std::uint32_t end = lesser(n, i + 8 * kBlock); i < end; i += kBlock) {
      out = Sorted::Emit(bits_of(i, above), i, out);
      fetch(i);
    }
  return static_cast<std::uint32_t>(out - begin);
}

// Candidates of a row: at least k and at most max(k, enough), ascending. At least k elements have keys from that of `low` on.
// `out` has room for max(k, enough) + 9 * kBlock + kSlack.
template <class Sorted>
std::uint32_t narrow(const typename Sorted::Lens& lens, const SortableKeys<typename Sorted::S>& keys,
                     const typename Sorted::Raw* p, std::uint32_t n, std::uint32_t k, std::uint32_t enough,
                     typename Sorted::S low, std::uint32_t* out) {
  using S = typename Sorted::S;
  const auto reaching = [&](S s) {
    const auto t = Sorted::Set(keys.at_least(s));
    return [t](auto x) { return Sorted::Ge(x, t); };
  };
  const auto over = Sorted::Set(keys.above(low));
  std::uint32_t above = count_if<Sorted>(lens, p, n, [over](auto x) { return Sorted::Gt(x, over); });
  if (above >= k) {
    const auto count = [&](const S(&probes)[3], std::uint32_t(&reached)[3]) {
      for (int i = 0; i < 3; ++i) reached[i] = count_if<Sorted>(lens, p, n, reaching(probes[i]));
    };
    const S most = std::numeric_limits<S>::max();
    const S top[3] = {most, most, most};
    std::uint32_t reached[3];
    count(top, reached);
    low = reached[0] >= k ? most : bisect<S>({low, most, n}, k, enough, std::numeric_limits<int>::max(), count).low;
    const std::uint32_t found = collect<Sorted>(lens, p, n, enough, p, out, reaching(low));
    if (found <= enough) return found;
    const auto still = Sorted::Set(keys.above(low));
    above = count_if<Sorted>(lens, p, n, [still](auto x) { return Sorted::Gt(x, still); });
  }
  return collect_exactly<Sorted>(lens, keys, p, n, low, k - above, k, out);
}

}  // namespace
}  // namespace topkit::cpu
