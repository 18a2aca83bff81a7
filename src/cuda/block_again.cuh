// A row read again by all threads of its team, from the caches: granule by granule, what lies before and after them one by one.
#pragma once

#include "block_team.cuh"
#include "element.hpp"

namespace topkit::cuda {

template <class Team, class E>
struct BlockAgain {
  using Raw = typename E::Raw;
  static constexpr int kPerVec = 16 / static_cast<int>(sizeof(Raw));

  const E& element;
  const Raw* x;
  int count;
  int head;      // elements before the aligned part
  int granules;  // of the aligned part
  [[no_unique_address]] Team team;

  __device__ BlockAgain(Team team, const E& element, const Raw* x, int count)
      : element(element), x(x), count(count), team(team) {
    const auto behind = static_cast<int>(reinterpret_cast<std::uintptr_t>(x) % 16 / sizeof(Raw));
    head = ::min((kPerVec - behind) % kPerVec, count);
    granules = (count - head) / kPerVec;
  }

  // vec(packs, column of the first element), one(pack of one element, its column). kAhead granules are on their way at once.
  template <int kAhead = 1, class OfVec, class OfOne>
  __device__ void each(OfVec vec, OfOne one) const {
    const int threads = team.threads(), at = Team::at();
    const Vec* const aligned = reinterpret_cast<const Vec*>(x + head);
#pragma unroll 1
    for (int from = at; from < granules; from += kAhead * threads) {
      Vec v[kAhead];
#pragma unroll
      for (int i = 0; i < kAhead; ++i) v[i] = aligned[kAhead == 1 ? from : ::min(from + i * threads, granules - 1)];
#pragma unroll
      for (int i = 0; i < kAhead; ++i) {
        const int g = from + i * threads;
        if (kAhead > 1 && g >= granules) break;
        Pack packs[E::kPacksPerVec];
        element.unpack(v[i], packs);
        vec(packs, head + g * kPerVec);
      }
    }
#pragma unroll 1
    for (int i = at; i < count - granules * kPerVec; i += threads) {
      const int column = i < head ? i : i + granules * kPerVec;
      one(element.pack(x[column]), column);
    }
  }

  // visit(key, column)
  template <class Visit>
  __device__ void each_key(Visit visit) const {
    each(
        [&](const Pack(&packs)[E::kPacksPerVec], int column) {
#pragma unroll
          for (int e = 0; e < kPerVec; ++e) visit(element.key(packs[e / E::kPerPack], e % E::kPerPack), column + e);
        },
        [&](Pack pack, int column) { visit(element.key(pack, 0), column); });
  }

  // The columns of elements that are not below the threshold are listed, in no order; there is room.
  template <class State>
  __device__ void list(Pack threshold, State& state) const {
    each(
        [&](const Pack(&packs)[E::kPacksPerVec], int column) {
          std::uint32_t passed = 0;
#pragma unroll
          for (int i = 0; i < E::kPacksPerVec; ++i) passed |= E::passes(packs[i], threshold) << (i * E::kPerPack);
          if (passed == 0) return;
          std::uint16_t* to = state.columns + atomicAdd(&state.passed, static_cast<std::uint32_t>(__popc(passed)));
          for (; passed != 0; passed &= passed - 1) *to++ = static_cast<std::uint16_t>(column + __ffs(passed) - 1);
        },
        [&](Pack pack, int column) {
          if ((E::passes(pack, threshold) & 1U) != 0)
            state.columns[atomicAdd(&state.passed, 1U)] = static_cast<std::uint16_t>(column);
        });
  }

  // How many of this thread's elements are not below the threshold.
  __device__ std::uint32_t passing(Pack threshold) const {
    std::uint32_t counts = 0;
    each<4>(
        [&](const Pack(&packs)[E::kPacksPerVec], int) {
#pragma unroll
          for (int i = 0; i < E::kPacksPerVec; ++i) counts = E::count_passing(counts, packs[i], threshold);
        },
        [&](Pack pack, int) { counts += E::passes(pack, threshold) & 1U; });
    return E::kPerPack == 2 ? (counts & 0xffff) + (counts >> 16) : counts;
  }
};

}  // namespace topkit::cuda
