// The candidates of a row in shared memory, where their lists are merged two by two until one is left.
#pragma once

#include <cstdint>

#include "merge_row.cuh"
#include "merge_table.cuh"

namespace topkit::cuda {

// A candidate is named by its number in the table's sequence; lists lie one behind the other, of keys and names, in one of two rooms.
template <class U>
class StagedLists {
 public:
  __device__ StagedLists(char* memory, std::uint32_t most)
      : ids_(reinterpret_cast<std::int64_t*>(memory)),
        keys_(reinterpret_cast<U*>(ids_ + most)),
        names_(reinterpret_cast<std::uint16_t*>(keys_ + 2 * most)),
        most_(most) {}

  // All threads, behind a barrier; ends with one.
  __device__ void stage(const MergeRow<U>& row, const MergeTable& table, MergeTotals totals) {
    for (std::uint32_t i = threadIdx.x; i < totals.candidates; i += blockDim.x) {
      const MergePlace at = table.at(i, totals.parts);
      const MergeCandidate<U> candidate = row.candidate(table.part[at.entry], at.place);
      ids_[i] = candidate.id;
      keys_[i] = candidate.key;
      names_[i] = static_cast<std::uint16_t>(i);
    }
    __syncthreads();
  }

  // Until the first k of one list are in order. All threads, behind a barrier; ends with one.
  __device__ void merge(const MergeTable& table, MergeTotals totals, std::uint32_t k) {
    for (std::uint32_t log = 0; 1U << log < totals.parts; ++log) {
      const bool last = 2U << log >= totals.parts;
      const std::uint32_t count = last ? ::min(k, totals.candidates) : totals.candidates;
      // Odd, so that threads meet in no bank.
      const std::uint32_t each = ((count + blockDim.x - 1) / blockDim.x) | 1;
      const std::uint32_t from = threadIdx.x * each;
      if (from < count) merge_share(table, totals, log, from, ::min(from + each, count));
      __syncthreads();
      room_ = most_ - room_;
    }
  }

  __device__ std::uint32_t name(std::uint32_t rank) const { return names_[room_ + rank]; }
  __device__ U key(std::uint32_t rank) const { return keys_[room_ + rank]; }
  __device__ std::int64_t id(std::uint32_t rank) const { return ids_[name(rank)]; }

 private:
  // Of two candidates of equal keys and ids the first, which is of a lower part.
  __device__ bool first_wins(U first_key, std::uint32_t first, U second_key, std::uint32_t second) const {
    if (first_key != second_key) return first_key > second_key;
    return id(first) <= id(second);
  }

  // Places to..end of what pairs of lists become, each of which is 2^log entries of the table. Where in its pair the share begins
  // is found by binary search along a diagonal ("merge path", Odeh et al. 2012).
  __device__ void merge_share(const MergeTable& table, MergeTotals totals, std::uint32_t log, std::uint32_t to,
                              std::uint32_t end) {
    const std::uint32_t other = most_ - room_;
    const auto begin_of = [&](std::uint32_t list) { return table.begin[::min(list << log, totals.parts)]; };
    for (std::uint32_t list = table.at(to, totals.parts).entry >> log & ~1U; to < end; list += 2) {
      const std::uint32_t first = begin_of(list), second = begin_of(list + 1), stop = begin_of(list + 2);
      const std::uint32_t before = to - first;
      std::uint32_t low = before - ::min(before, stop - second), high = ::min(before, second - first);
      while (low < high) {
        const std::uint32_t middle = (low + high) / 2, a = first + middle, b = second + before - 1 - middle;
        if (first_wins(key(a), a, key(b), b))
          low = middle + 1;
        else
          high = middle;
      }
      std::uint32_t a = first + low, b = second + before - low;
      U key_a = a < second ? key(a) : U{0}, key_b = b < stop ? key(b) : U{0};
      for (const std::uint32_t until = ::min(end, stop); to < until; ++to) {
        const bool takes_first = b >= stop || (a < second && first_wins(key_a, a, key_b, b));
        keys_[other + to] = takes_first ? key_a : key_b;
        names_[other + to] = static_cast<std::uint16_t>(name(takes_first ? a : b));
        if (takes_first) {
          if (++a < second) key_a = key(a);
        } else {
          if (++b < stop) key_b = key(b);
        }
      }
    }
  }

  std::int64_t* ids_;
  U* keys_;
  std::uint16_t* names_;
  std::uint32_t most_;
  std::uint32_t room_ = 0;  // where the lists are: 0 or most_
};

}  // namespace topkit::cuda
