// What the blocks of a cluster know of their row while a token of its nucleus is drawn (sample_top_p.cuh).
#pragma once

#include "sample_hop.cuh"
#include "sample_quads.cuh"
#include "sample_race.cuh"

namespace topkit::cuda {

inline constexpr int kMostTopPBlocks = 1 << kLogMostTopP;
inline constexpr int kRaced = 256;      // tokens that a block may put aside in a race
inline constexpr int kRaceClasses = 4;  // of lanes: as many tokens at least reach the bound of a race
inline constexpr int kRecords = 16;     // that a block hands over
inline constexpr int kChain = 8;
inline constexpr int kVerdicts = 2;  // in a pass over the weights
static_assert(kRaced <= kSampleThreads && kMostTopPBlocks <= kMostSampleBlocks);

// A block's part in a race.
struct RaceHand {
  Key z_max;
  std::uint32_t lost;  // not 0: tokens are missing, or rounding may decide between more than were put aside
  Key bound;           // of scores measured from `from`: a token that is not put aside does not reach it
  std::uint32_t count;
  Candidate token[kRecords];  // z and token; 0: nobody
  float log2_e[kRecords];
};
static_assert(sizeof(RaceHand) % 8 == 0 && sizeof(RaceHand) / 8 * kMostTopPBlocks <= kSampleThreads);

// A block's share of a row: quads first .. end. In shared memory, so that no thread need hold it from phase to phase.
struct TopPPlace {
  const void* x;  // the row
  std::uint32_t length, first, end;
  std::uint32_t whole;  // quads before it can be loaded in one step
  std::uint32_t ring;   // spans that shared memory has a place for (sample_top_p_ring.cuh)
  unsigned rank;        // of the block
  std::uint32_t most;   // quads that a block of the row has at most: the same in all of them
};

struct TopPState {
  Mbarrier came[2];  // hands of even and of odd races
  HopState hops;
  int turn;  // of the hops: read behind a barrier, and counted on behind the hop
  sampling::Rules rules;
  TopPPlace place;
  unsigned round;
  float from;  // any z of the row, and then the largest
  // Of the race that is on.
  Key bound;
  Key classes[kRaceClasses];  // the best score, or one below it, of lanes of a class
  Key z_max;
  std::uint32_t raced, lost;
  Candidate token[kRaced];
  std::uint32_t word[kRaced];  // and then the bits of log2 E
  float score[kRaced];
  Candidate best[kSampleWarps];
  RaceHand mine;
  RaceHand all[2][kMostTopPBlocks];
  // Of the row: who wins if nobody behind him in this chain is kept; each is before the one in front.
  Candidate chain[kChain];
  int chained;
  Candidate after;  // tokens before it race; 0: all do
  float masses[kSampleWarps][1 + kVerdicts];
  std::uint64_t sums[2][kSampleWarps];
};

static_assert(sizeof(TopPState) <= kTopPStatic);

template <class L>
struct TopPShare {
  using Raws = typename LogitRow<L>::Raws;
  QuadLoader<L> loader;
  std::uint32_t first, end;

  __device__ TopPShare()
      : loader(static_cast<const typename L::Raw*>(shared<TopPState>().place.x), shared<TopPState>().place.length),
        first(shared<TopPState>().place.first),
        end(shared<TopPState>().place.end) {}
  __device__ std::uint32_t spans() const { return (end - first + kTopPSpan - 1) / kTopPSpan; }
  // -inf behind the end.
  __device__ __forceinline__ Raws raws(std::uint32_t quad) const {
    return quad < end ? loader.raws(4 * quad) : loader.none();
  }
};

}  // namespace topkit::cuda
