// A block's share of a row: brought to shared memory a stage ahead of its use, the ragged ends, and reading it all again.
#pragma once

#include "element.hpp"
#include "radix_digits.cuh"
#include "radix_shape.hpp"
#include "row.cuh"

namespace topkit::cuda {

// The granules of a row that are a block's: a contiguous piece, or pairs of lines of 128 bytes dealt to the blocks in turn, so that
// winners that lie together are all blocks' alike. Of so many pairs each block has one, another each time: no period of the data
// is one block's.
//
// Either way a thread has two granules of a stage, a line apart.
template <class E>
struct RadixShare {
  using Raw = typename E::Raw;
  static constexpr int kPacks = E::kPacksPerVec;
  static constexpr int kPerVec = kPacks * E::kPerPack;

  static constexpr int kLineLog = 3, kLine = 1 << kLineLog;  // granules

  Row<E> row;
  std::uint32_t begin, end;              // the block's granules lie within
  std::uint32_t whole_begin, whole_end;  // of the row's granules, those that lie inside it
  std::uint16_t rank;                    // of the block
  std::uint16_t dealt_log;               // pairs of lines are dealt to 1 << dealt_log blocks

  // Of 1 << blocks_log blocks.
  __device__ RadixShare(const Row<E>& r, std::uint32_t block, int blocks_log, bool dealt = false)
      : row(r),
        whole_begin(r.shift == 0 ? 0U : 1U),
        whole_end((r.shift + r.count) / kPerVec),
        rank(static_cast<std::uint16_t>(block)),
        dealt_log(static_cast<std::uint16_t>(dealt ? blocks_log : 0)) {
    const std::uint32_t part = part_of(row.granules(), blocks_log);
    begin = dealt ? 0 : ::min(block * part, row.granules());
    end = dealt ? row.granules() : ::min(begin + part, row.granules());
  }

  // Where a thread's granule of a stage lies in the stage, if that is contiguous; the other lies kLine behind it.
  __device__ static std::uint32_t place() { return threadIdx.x + (threadIdx.x & ~(kLine - 1U)); }
  // The first of a thread's granules, behind `begin`; from each to that of the next stage lie span() granules.
  __device__ static std::uint32_t first_of(std::uint32_t rank, int dealt_log) {
    const std::uint32_t pair = threadIdx.x >> kLineLog, turn = (rank + pair) & ((1U << dealt_log) - 1);
    return (((pair << dealt_log) + turn) << (kLineLog + 1)) + (threadIdx.x & (kLine - 1U));
  }
  __device__ static std::uint32_t span(int dealt_log) {
    return static_cast<std::uint32_t>(kStageVecs * kOrderThreads) << dealt_log;
  }
  __device__ bool has(std::uint32_t granule) const {
    const std::uint32_t pair = granule >> (kLineLog + 1);
    return granule >= begin && granule < end &&
           (pair & ((1U << dealt_log) - 1)) == ((rank + (pair >> dealt_log)) & ((1U << dealt_log) - 1));
  }

  // The element of a granule at the row's ends that is not whole, one a lane of the block's first warp, or ~0.
  __device__ std::uint32_t edge() const {
    if (warp() != 0) return ~0U;
    return edge_of_lane();
  }
  __device__ std::uint32_t edge_of_lane() const {
    const std::uint32_t front = row.shift == 0 ? 0 : ::min(row.count, kPerVec - row.shift);
    const std::uint32_t tail = whole_end == 0 ? front : ::max(front, whole_end * kPerVec - row.shift);
    const std::uint32_t p = lane() < front ? lane() : tail + lane() - front;
    const std::uint32_t granule = (p + row.shift) / kPerVec;
    return p < row.count && has(granule) ? p : ~0U;
  }

  // Calls f(key, position) for every element of at least this key, read from memory.
  template <class F>
  __device__ void read(const E& element, Key at_least, F f) const {
#pragma unroll 1
    for (std::uint32_t from = begin + first_of(rank, dealt_log); from < end; from += span(dealt_log)) {
      if constexpr (E::kRawPacks && kArch >= 900) {
        Pack packs[kStageVecs][kPacks];
#pragma unroll
        for (std::uint32_t t = 0; t < kStageVecs; ++t)
          if (from + t * kLine < end) row.load(element, from + t * kLine, packs[t]);
#pragma unroll
        for (std::uint32_t t = 0; t < kStageVecs; ++t) {
          const std::uint32_t g = from + t * kLine;
          if (g >= end) break;
#pragma unroll
          for (int e = 0; e < kPerVec; ++e) {
            const Key key = element.key(packs[t][e / E::kPerPack], e % E::kPerPack);
            if (key >= at_least && row.position(g, e) < row.count) f(key, row.position(g, e));
          }
        }
      } else {  // one by one, for the sake of registers
#pragma unroll 1
        for (std::uint32_t i = 0; i < kStageVecs * kPerVec; ++i) {
          const std::uint32_t g = from + i / kPerVec * kLine, p = row.position(g, static_cast<int>(i % kPerVec));
          if (g >= end || p >= row.count) continue;
          const Key key = element.key(element.pack(row.x[p]), 0);
          if (key >= at_least) f(key, p);
        }
      }
    }
  }

 private:
  // Whole multiples of eight granules.
  __device__ static std::uint32_t part_of(std::uint32_t granules, int parts_log) {
    return (((granules + (1U << parts_log) - 1) >> parts_log) + 7) / 8 * 8;
  }
};

// The sample of a row: 2^log of its whole granules, one a thread, and how many of its elements shall reach the bound.
struct RadixSample {
  int log;  // -1: none, where the row is short or most of it wins
  std::uint32_t reach;

  // Of k among n elements in `whole` granules. So many standard deviations above what is expected in the sample are to reach the
  // bound.
  __device__ __host__ static RadixSample of(float k, float n, std::uint32_t whole, int per_granule,
                                            float most_reach = kMostReach, float deviations = 3.5F,
                                            int most_log = kOrderThreadsLog) {
    constexpr int kLeastLog = kLeastSampleLog;
    const float part = k / n;
    RadixSample s{most_log, 0};
    while (s.log >= kLeastLog && 1U << s.log > whole) --s.log;
    while (s.log > kLeastLog && part * static_cast<float>(per_granule << s.log) > most_reach) --s.log;
    if (s.log < kLeastLog) return {-1, 0};
    const auto elements = static_cast<float>(per_granule << s.log);
    const float wanted = part * elements;
    const float reach = wanted + deviations * sqrtf(wanted * (1 - part)) + 3.0F;
    if (reach >= elements) return {-1, 0};
    s.reach = static_cast<std::uint32_t>(reach);
    return s;
  }
  // For rows that have no length or k of their own; wherever a row begins, all but one of its granules are whole.
  template <class E>
  static RadixSample of_all(const Problem& p, float most_reach = kMostReach, float deviations = 3.5F,
                            int most_log = kOrderThreadsLog) {
    constexpr int kPerVec = RadixShare<E>::kPerVec;
    const std::int64_t whole = p.cols / kPerVec - 1;
    return of(static_cast<float>(std::min(p.k, p.cols)), static_cast<float>(p.cols),
              static_cast<std::uint32_t>(std::max<std::int64_t>(whole, 0)), kPerVec, most_reach, deviations, most_log);
  }
  template <class E>
  __device__ static RadixSample of(const RadixShare<E>& share, std::int64_t k, int most_log = kOrderThreadsLog) {
    const std::uint32_t whole = share.whole_end > share.whole_begin ? share.whole_end - share.whole_begin : 0;
    return of(static_cast<float>(k), static_cast<float>(share.row.count), whole, RadixShare<E>::kPerVec, kMostReach,
              3.5F, most_log);
  }
  __device__ __host__ bool is_taken() const { return log >= 0; }
  __device__ __host__ std::uint32_t size() const { return 1U << log; }
  // Split::share of rows by 1 << blocks_log blocks: little more than are expected to win are divided evenly among them where these are few,
  // and each has many to order. Those that pass and lose cost the last block little.
  template <class E>
  std::uint32_t share_of(const Problem& p, int blocks_log) const {
    constexpr int kFewBlocksLog = 2;
    if (log < 0) return 0;
    const auto all = static_cast<float>(reach);
    const float won = static_cast<float>(std::min(p.k, p.cols)) / static_cast<float>(p.cols);
    const float wanted = won * static_cast<float>(RadixShare<E>::kPerVec << log);
    const float even = blocks_log > kFewBlocksLog ? all : wanted + (all - wanted) / 4;
    return static_cast<std::uint32_t>(static_cast<float>(65536U << blocks_log) / even);
  }

  // A thread's granule: spread over the row with a jitter, so that no period of the data meets the sample's.
  template <class E>
  __device__ std::uint32_t granule(const RadixShare<E>& share) const {
    const std::uint32_t stride = (share.whole_end - share.whole_begin) >> log;
    return share.whole_begin + threadIdx.x * stride + __umulhi((threadIdx.x + 1) * 0x9E3779B1U, stride);
  }
  // The same of a row of so few granules that a stride without its remainder would miss a good part of it.
  template <class E>
  __device__ std::uint32_t granule_of_short(const RadixShare<E>& share, std::uint32_t thread) const {
    const std::uint32_t whole = share.whole_end - share.whole_begin;
    return share.whole_begin + (thread * whole >> log) + __umulhi((thread + 1) * 0x9E3779B1U, whole >> log);
  }
};

// Brings a block's share of a row to shared memory, `depth` stages ahead, behind a granule a thread of the row's sample. A
// stage is kStageVecs granules a thread. A thread reads only what it copied itself, so that no barrier is needed.
//
// Granules are counted from the row's first whole one: one in front of it is above all others.
template <class E>
class RadixRing {
 public:
  static constexpr std::uint32_t kStage = kStageVecs * kOrderThreads;

  __device__ explicit RadixRing(const RadixResident& shape) : shape_(shape) {}

  // Of block `rank`, whose share this is. The row has whole granules.
  __device__ void begin(const RadixShare<E>& share, const RadixSample& sample, std::uint32_t rank) {
    const Vec* const granules = share.row.vectors();
    if (threadIdx.x < sample.size()) async_copy16(sample_slot(), granules + sample.granule(share));
    async_commit();
    const std::uint32_t first = share.begin + RadixShare<E>::first_of(rank, shape_.dealt_log);
    next_ = granules + first;
    asked_ = first - share.whole_begin;
    end_ = ::min(share.end, share.whole_end) - share.whole_begin;
    at_ = RadixShare<E>::place();
#pragma unroll 1
    for (int i = 0; i < shape_.depth; ++i) release();
  }
  __device__ std::uint32_t stages(const RadixShare<E>& share) const {
    return (share.end - share.begin + span() - 1) / kStage >> shape_.dealt_log;
  }
  __device__ Vec sampled() const {
    if (shape_.depth == kDeepRing) {
      async_wait<kDeepRing>();
    } else if (shape_.depth == kRing) {
      async_wait<kRing>();
    } else {
      async_wait<kShallowRing>();
    }
    return *sample_slot();
  }
  // The oldest stage; release() follows when its granules have been used.
  __device__ void take() const {
    if (shape_.depth == kDeepRing) {
      async_wait<kDeepRing - 1>();
    } else if (shape_.depth == kRing) {
      async_wait<kRing - 1>();
    } else {
      async_wait<kShallowRing - 1>();
    }
  }
  // Of this thread's granules in the oldest stage the first.
  __device__ std::uint32_t first() const { return asked_ - shape_.depth * span(); }
  // Whether the row has it, and it is the block's.
  __device__ bool has(std::uint32_t granule) const { return granule < end_; }
  __device__ const Vec* granule(int j) const {
    return reinterpret_cast<const Vec*>(dynamic_shared<char>() + kRingAt) + (at_ + j * RadixShare<E>::kLine);
  }
  // Asks for the next stage in the place of the oldest.
  __device__ void release() {
#pragma unroll
    for (int j = 0; j < kStageVecs; ++j)
      if (has(asked_ + j * RadixShare<E>::kLine))
        async_copy16(const_cast<Vec*>(granule(j)), next_ + j * RadixShare<E>::kLine);
    async_commit();
    asked_ += span();
    next_ += span();
    at_ += kStage;
    if (at_ >= shape_.depth * kStage) at_ -= shape_.depth * kStage;
  }

 private:
  __device__ std::uint32_t span() const { return RadixShare<E>::span(shape_.dealt_log); }
  __device__ Vec* sample_slot() const {
    return reinterpret_cast<Vec*>(dynamic_shared<char>() + kSampleAt) + threadIdx.x;
  }

  const RadixResident& shape_;
  const Vec* next_ = nullptr;          // the granule `asked_`
  std::uint32_t asked_ = 0, end_ = 0;  // of this thread's granules in the stage to ask for the first
  std::uint32_t at_ = 0;               // where the first of the oldest stage's lies
};

}  // namespace topkit::cuda
