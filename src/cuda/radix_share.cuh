// A block's share of a row: brought to shared memory a stage ahead of its use, the ragged ends, and reading it all again.
#pragma once

#include "element.hpp"
#include "radix_digits.cuh"
#include "radix_shape.hpp"
#include "row.cuh"

namespace topkit::cuda {

// A contiguous piece of the row for each block; in the second reading one for each warp, so that position order is (block,
// warp, granule) order.
template <class E>
struct RadixShare {
  using Raw = typename E::Raw;
  static constexpr int kPacks = E::kPacksPerVec;
  static constexpr int kPerVec = kPacks * E::kPerPack;

  Row<E> row;
  std::uint32_t begin, end;              // the block's granules
  std::uint32_t whole_begin, whole_end;  // of the row's granules, those that lie inside it

  // Of 1 << blocks_log blocks.
  __device__ RadixShare(const Row<E>& r, std::uint32_t rank, int blocks_log)
      : row(r), whole_begin(r.shift == 0 ? 0U : 1U), whole_end((r.shift + r.count) / kPerVec) {
    const std::uint32_t part = part_of(row.granules(), blocks_log);
    begin = ::min(rank * part, row.granules());
    end = ::min(begin + part, row.granules());
  }

  // The element of a granule at the row's ends that is not whole, one a lane of the block's first warp, or ~0.
  __device__ std::uint32_t edge() const {
    if (warp() != 0) return ~0U;
    const std::uint32_t front = row.shift == 0 ? 0 : ::min(row.count, kPerVec - row.shift);
    const std::uint32_t tail = whole_end == 0 ? front : ::max(front, whole_end * kPerVec - row.shift);
    const std::uint32_t p = lane() < front ? lane() : tail + lane() - front;
    const std::uint32_t granule = (p + row.shift) / kPerVec;
    return p < row.count && granule >= begin && granule < end ? p : ~0U;
  }

  // Calls f(key, position) for every element of at least this key, read from memory.
  template <class F>
  __device__ void read(const E& element, Key at_least, F f) const {
    const std::uint32_t last = warp_end();
#pragma unroll 1
    for (std::uint32_t g = warp_begin() + lane(); g < last; g += kWarp) read(element, g, at_least, f);
  }
  template <class F>
  __device__ void read(const E& element, std::uint32_t g, Key at_least, F f) const {
    Pack packs[kPacks];
    row.load(element, g, packs);
#pragma unroll
    for (int e = 0; e < kPerVec; ++e) {
      const Key key = element.key(packs[e / E::kPerPack], e % E::kPerPack);
      if (key >= at_least && row.position(g, e) < row.count) f(key, row.position(g, e));
    }
  }
  __device__ std::uint32_t warp_begin() const { return ::min(begin + warp() * warp_part(), end); }
  __device__ std::uint32_t warp_end() const { return ::min(warp_begin() + warp_part(), end); }

 private:
  // Whole multiples of eight granules.
  __device__ static std::uint32_t part_of(std::uint32_t granules, int parts_log) {
    return (((granules + (1U << parts_log) - 1) >> parts_log) + 7) / 8 * 8;
  }
  __device__ std::uint32_t warp_part() const { return part_of(end - begin, kOrderWarpsLog); }
};

// The sample of a row: 2^log of its whole granules, one a thread, and how many of its elements shall reach the bound.
struct RadixSample {
  int log;  // -1: none, where the row is short or most of it wins
  std::uint32_t reach;

  // Of k among n elements in `whole` granules. So many standard deviations above what is expected in the sample are to reach the
  // bound.
  __device__ __host__ static RadixSample of(float k, float n, std::uint32_t whole, int per_granule,
                                            float most_reach = kMostReach, float deviations = 3.5F) {
    constexpr int kLeastLog = kLeastSampleLog;
    const float part = k / n;
    RadixSample s{kOrderThreadsLog, 0};
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
  static RadixSample of_all(const Problem& p, float most_reach = kMostReach, float deviations = 3.5F) {
    constexpr int kPerVec = RadixShare<E>::kPerVec;
    const std::int64_t whole = p.cols / kPerVec - 1;
    return of(static_cast<float>(std::min(p.k, p.cols)), static_cast<float>(p.cols),
              static_cast<std::uint32_t>(std::max<std::int64_t>(whole, 0)), kPerVec, most_reach, deviations);
  }
  template <class E>
  __device__ static RadixSample of(const RadixShare<E>& share, std::int64_t k) {
    const std::uint32_t whole = share.whole_end > share.whole_begin ? share.whole_end - share.whole_begin : 0;
    return of(static_cast<float>(k), static_cast<float>(share.row.count), whole, RadixShare<E>::kPerVec);
  }
  __device__ __host__ bool is_taken() const { return log >= 0; }
  __device__ __host__ std::uint32_t size() const { return 1U << log; }

  // A thread's granule: spread over the row with a jitter, so that no period of the data meets the sample's.
  template <class E>
  __device__ std::uint32_t granule(const RadixShare<E>& share) const {
    const std::uint32_t stride = (share.whole_end - share.whole_begin) >> log;
    return share.whole_begin + threadIdx.x * stride + __umulhi((threadIdx.x + 1) * 0x9E3779B1U, stride);
  }
};

// Brings a block's share of a row to shared memory, `depth` stages ahead, behind a granule a thread of the row's sample. A
// stage is kStageVecs granules a thread. A thread reads only what it copied itself, so that no barrier is needed.
template <class E>
class RadixRing {
 public:
  static constexpr std::uint32_t kStage = kStageVecs * kOrderThreads;

  __device__ explicit RadixRing(const RadixResident& shape) : shape_(shape) {}

  __device__ void begin(const RadixShare<E>& share, const RadixSample& sample) {
    const Vec* const granules = share.row.vectors();
    if (threadIdx.x < sample.size()) async_copy16(sample_slot(), granules + sample.granule(share));
    async_commit();
    from_ = share.begin;
    at_ = 0;
#pragma unroll 1
    for (int i = 0; i < shape_.depth; ++i) release(share);
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
  __device__ const Vec* granule(int j) const {
    return reinterpret_cast<const Vec*>(dynamic_shared<char>() + kRingAt) + (at_ + j * kOrderThreads + threadIdx.x);
  }
  // Asks for the next stage in the place of the oldest.
  __device__ void release(const RadixShare<E>& share) {
    const std::uint32_t first = from_ + threadIdx.x;
    const Vec* const granules = share.row.vectors() + first;
    const std::uint32_t end = ::min(share.end, share.whole_end);
#pragma unroll
    for (int j = 0; j < kStageVecs; ++j) {
      const std::uint32_t g = first + j * kOrderThreads;
      if (g >= share.whole_begin && g < end) async_copy16(const_cast<Vec*>(granule(j)), granules + j * kOrderThreads);
    }
    async_commit();
    from_ += kStage;
    at_ += kStage;
    if (at_ == shape_.depth * kStage) at_ = 0;
  }

 private:
  __device__ Vec* sample_slot() const {
    return reinterpret_cast<Vec*>(dynamic_shared<char>() + kSampleAt) + threadIdx.x;
  }

  const RadixResident& shape_;
  std::uint32_t from_ = 0;  // the granule that the next stage begins with
  std::uint32_t at_ = 0;
};

}  // namespace topkit::cuda
