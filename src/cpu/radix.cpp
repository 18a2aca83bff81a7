#include "radix.hpp"

#include <algorithm>
#include <cstring>
#include <utility>

namespace topkit::cpu {
namespace {

constexpr int kMaxDigit = 11;
constexpr std::size_t kWideBytes = 4 * 1024 * 1024;

std::uint64_t key(Item32 item) { return item >> 32; }
std::uint64_t key(const Item64& item) { return item.key; }

template <class Item, class Count>
Item* sort(Item* from, Item* to, std::size_t count, int bits) {
  if (count == 0 || bits <= 0) return from;
  // A wide digit saves a pass; not for few items, nor when every open line is on a page that the TLB has lost.
  const int widest = count < 16384 || count * sizeof(Item) > kWideBytes ? 8 : kMaxDigit;
  const int passes = (bits + widest - 1) / widest;
  const int digit = (bits + passes - 1) / passes;
  const std::uint64_t mask = (std::uint64_t{1} << digit) - 1;
  constexpr int kTogether = 4;  // passes counted in one reading: LSD counts do not depend on the order
  Count counts[kTogether][1 << kMaxDigit];
  for (int first = 0; first < passes; first += kTogether) {
    const int together = std::min(kTogether, passes - first);
    const int base = first * digit;
    for (int p = 0; p < together; ++p) std::memset(counts[p], 0, sizeof(Count) << digit);
    for (std::size_t i = 0; i < count; ++i) {
      const std::uint64_t k = key(from[i]) >> base;
      for (int p = 0; p < together; ++p) ++counts[p][k >> (p * digit) & mask];
    }
    for (int p = 0; p < together; ++p) {
      const int shift = base + p * digit;
      Count* offsets = counts[p];
      if (offsets[key(from[0]) >> shift & mask] == static_cast<Count>(count))
        continue;  // one digit value: nothing moves
      Count sum = 0;
      for (std::size_t d = 0; d <= mask; ++d) sum += std::exchange(offsets[d], sum);
      for (std::size_t i = 0; i < count; ++i) {
        const Item item = from[i];
        to[offsets[key(item) >> shift & mask]++] = item;
      }
      std::swap(from, to);
    }
  }
  return from;
}

}  // namespace

Item32* radix_sort(Item32* items, Item32* spare, std::size_t count, int bits) {
  return sort<Item32, std::uint32_t>(items, spare, count, bits);
}
Item64* radix_sort(Item64* items, Item64* spare, std::size_t count, int bits) {
  return sort<Item64, std::uint32_t>(items, spare, count, bits);
}

}  // namespace topkit::cpu
