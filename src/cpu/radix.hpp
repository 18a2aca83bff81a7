// Stable LSD radix sorts, for more items than a network is good for. Plain functions: their unit is compiled for the
// base machine.
#pragma once

#include <cstddef>
#include <cstdint>

namespace topkit::cpu {

// An item is a key, of which only the low `bits` bits are set, and a payload.
using Item32 = std::uint64_t;  // key << 32 | payload
struct Item64 {
  std::uint64_t key, payload;
};

// Sorts `count` items ascending by key, equal keys in their old order, going to and fro between two arrays of that
// size. Returns the one that holds the result.
Item32* radix_sort(Item32* items, Item32* spare, std::size_t count, int bits);
Item64* radix_sort(Item64* items, Item64* spare, std::size_t count, int bits);

}  // namespace topkit::cpu
