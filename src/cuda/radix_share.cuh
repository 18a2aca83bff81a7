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

// How many granules the sample of a row has: about 256 elements of the best k, or all that a stage holds.
template <class E>
__device__ std::uint32_t sample_size(const RadixShare<E>& share, std::uint32_t k) {
  constexpr std::uint32_t kMost = kStageVecs * kOrderThreads;
  const float wanted = 256.0F / RadixShare<E>::kPerVec * static_cast<float>(share.row.count) / static_cast<float>(k);
  const std::uint32_t size =
      wanted >= static_cast<float>(kMost - kWarp) ? kMost : static_cast<std::uint32_t>(wanted) / kWarp * kWarp + kWarp;
  return ::min(size, share.whole_end - share.whole_begin);
}

// What a warp copies next: a row's granules, and of a sample how many.
struct RingRow {
  const Vec* granules;
  std::int64_t row;
  std::uint32_t end, whole_begin, whole_end, sample;
};

// Brings the shares of a block's rows to shared memory, `depth` stages ahead. A stage is kStageVecs granules a thread; a row
// of more than `capacity` elements begins with a stage for its sample. A thread reads only what it copied itself, so that
// no barrier is needed. What is the same for a row's stages lies in shared memory, a copy for each warp.
template <class E>
class RadixRing {
 public:
  static constexpr std::uint32_t kStage = kStageVecs * kOrderThreads;

  __device__ RadixRing(const Args& args, const RadixResident& shape, RingRow* rows, std::uint32_t rank, int blocks_log)
      : args_(args), shape_(shape), now_(rows[warp()]) {
    begin_row(blockIdx.x >> blocks_log, rank, blocks_log);
#pragma unroll 1
    for (int i = 0; i < shape_.depth; ++i) issue(rank, blocks_log);
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
  __device__ Vec granule(int j) const { return *slot(j); }
  __device__ void release(std::uint32_t rank, int blocks_log) { issue(rank, blocks_log); }

 private:
  __device__ Vec* slot(int j) const {
    return reinterpret_cast<Vec*>(dynamic_shared<char>() + shape_.ring_at) + (at_ + j * kOrderThreads + threadIdx.x);
  }
  // From `row` on, the first row that has something to bring.
  __device__ void begin_row(std::int64_t row, std::uint32_t rank, int blocks_log) {
    RingRow next{};
    for (; row < args_.problem.rows; row += gridDim.x >> blocks_log) {
      const Args::Span span = args_.span(row);
      if (span.count == 0) continue;
      const RadixShare<E> share(Row<E>(args_, span, row), rank, blocks_log);
      next.granules = reinterpret_cast<const Vec*>(share.row.x - share.row.shift);
      next.sample = share.row.count > static_cast<std::uint32_t>(shape_.capacity)
                        ? sample_size(share, static_cast<std::uint32_t>(span.count))
                        : 0;
      next.end = share.end;
      next.whole_begin = share.whole_begin;
      next.whole_end = share.whole_end;
      from_ = share.begin;
      samples_ = next.sample != 0;
      if (samples_ || from_ < next.end) break;
    }
    next.row = row;
    __syncwarp(full_mask);
    if (lane() == 0) now_ = next;
    __syncwarp(full_mask);
  }
  __device__ void issue(std::uint32_t rank, int blocks_log) {
    if (now_.row < args_.problem.rows) {
      if (samples_) {
        const std::uint32_t stride = (now_.whole_end - now_.whole_begin) / now_.sample;
#pragma unroll
        for (int j = 0; j < kStageVecs; ++j) {
          const std::uint32_t i = j * kOrderThreads + threadIdx.x;
          // Spread over the row with a jitter, so that no period of the data meets the sample's.
          const std::uint32_t g = now_.whole_begin + i * stride + __umulhi((i + 1) * 0x9E3779B1U, stride);
          if (i < now_.sample) async_copy16(slot(j), now_.granules + g);
        }
        samples_ = false;
      } else {
#pragma unroll
        for (int j = 0; j < kStageVecs; ++j) {
          const std::uint32_t g = from_ + j * kOrderThreads + threadIdx.x;
          if (g < now_.end && g >= now_.whole_begin && g < now_.whole_end) async_copy16(slot(j), now_.granules + g);
        }
        from_ += kStage;
      }
      if (from_ >= now_.end) begin_row(now_.row + (gridDim.x >> blocks_log), rank, blocks_log);
    }
    async_commit();
    at_ += kStage;
    if (at_ == shape_.depth * kStage) at_ = 0;
  }

  const Args& args_;
  const RadixResident& shape_;
  RingRow& now_;
  bool samples_ = false;  // the sample comes next
  std::uint32_t from_ = 0;
  std::uint32_t at_ = 0;
};

}  // namespace topkit::cuda
