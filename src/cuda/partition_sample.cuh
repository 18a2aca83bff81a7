// The first kernel of cuda_partition: one block a row sorts a sample of what can win, and every few of it begin a bucket.
#pragma once

#include "partition_row.cuh"
#include "radix_bound.cuh"
#include "radix_order.cuh"
#include "radix_out.cuh"

namespace topkit::cuda {

template <class E>
struct PartitionSampleState {
  OrderState order;
  std::uint16_t evened[kOrderBins + 1];
  RowOut<E> out;
  Key low, high;
  std::uint32_t passed;
};

template <class E>
__device__ float at_most(float expected) {
  return partition_at_most(expected, kVecElements<E>, [](float v) { return sqrtf(v); });
}

// Samples of a bucket: as many as asked for while nearly no bucket has more than a block orders at once; and no fewer than
// make a quarter of that.
__device__ inline std::uint32_t samples_a_bucket(float winners_a_sample, float winners_a_bucket) {
  const float most = static_cast<float>(kPartitionOrdered) / winners_a_sample;
  const float safe = ::max(most / 4.0F, most - 3.7F * sqrtf(most) + 1.5F);
  const float each = ::min(safe, winners_a_bucket / winners_a_sample);
  return each >= 1.0F ? static_cast<std::uint32_t>(::min(each, 65536.0F)) : 1U;  // of no winners it is NaN
}

template <class E>
__global__ void __launch_bounds__(kOrderThreads, 1) partition_sample(const __grid_constant__ PartitionArgs<E> a) {
  constexpr int kPerVec = kVecElements<E>;
  PartitionSampleState<E>& s = shared<PartitionSampleState<E>>();
  auto* const list = dynamic_shared<Candidate>();
  auto* const granules = reinterpret_cast<Vec*>(list + kMostOrdered);
  const std::int64_t r = a.first_row + blockIdx.x;
  const Args::Span span = a.args.span(r);
  const Row<E> row(a.args, span, r);
  const auto k = static_cast<std::uint32_t>(span.count);
  const std::uint32_t n = row.count;
  const PartitionRow to(a, blockIdx.x);

  // A thread has vecs granules of the sample side by side, and a warp some of the whole row: those that a full list leaves out
  // are of no one part of it.
  const std::uint32_t thread = lane() * kOrderWarps + warp();
  const std::uint32_t whole_begin = row.shift == 0 ? 0U : 1U;
  const std::uint32_t whole_end = ::max((row.shift + n) / kPerVec, whole_begin), whole = whole_end - whole_begin;
  const float share = n == 0 ? 0.0F : static_cast<float>(k) / static_cast<float>(n);
  const float wanted_granules = a.shape.sampled_winners / ::max(share, 1e-9F) / kPerVec;
  const std::uint32_t room = ::min(static_cast<std::uint32_t>(a.shape.sample_vecs), whole / kOrderThreads);
  const std::uint32_t vecs =
      wanted_granules < static_cast<float>(room * kOrderThreads)
          ? ::max(1U, (static_cast<std::uint32_t>(wanted_granules) + kOrderThreads - 1) / kOrderThreads)
          : ::max(1U, room);
  const std::uint32_t sampled = ::min(vecs * kOrderThreads, whole);
  const bool samples = k != 0 && n > kPartitionOrdered;
  const std::uint32_t stride = ::max(1U, whole / (vecs * kOrderThreads));
  // The end of the row is met like the rest, what the division leaves included.
  const float more = whole < vecs * kOrderThreads
                         ? 0.0F
                         : 0.9999F * static_cast<float>(whole - stride * vecs * kOrderThreads) /
                               static_cast<float>(vecs * kOrderThreads);
  // With a jitter, so that no period of the data meets the sample's.
  const auto granule_of = [=](std::uint32_t i) {
    return whole_begin + i * stride + static_cast<std::uint32_t>(static_cast<float>(i) * more) +
           __umulhi((i + 1) * 0x9E3779B1U, stride);
  };
  if (samples) {
    for (std::uint32_t j = 0; j < vecs; ++j) {
      const std::uint32_t i = thread * vecs + j;
      if (i < sampled) async_copy16(granules + j * kOrderThreads + threadIdx.x, row.vectors() + granule_of(i));
    }
  }
  async_commit();

  if (threadIdx.x == 0) {
    s.out.set(a.args, span, r);
    s.low = ~Key{0};
    s.high = 0;
    s.passed = 0;
    to.head->stored = 0;
  }
  s.order.clear();
  __syncthreads();
  grid_launch_dependents();
  for (std::int64_t place = k + threadIdx.x; place < a.args.problem.k; place += kOrderThreads) s.out.pad(a.args, place);
  if (!samples) {
    // One bucket of everything, or none.
    if (threadIdx.x == 0) {
      to.head->buckets = k == 0 ? 0 : 1;
      to.splitters[0] = 0;
    }
    return;
  }
  async_wait<0>();

  // A bound for the sample itself, by its first granules.
  const std::uint32_t first = ::min(sampled, static_cast<std::uint32_t>(kStageVecs * kOrderThreads));
  const float first_wanted = at_most<E>(share * static_cast<float>(first * kPerVec));
  const bool all = first_wanted >= static_cast<float>(first * kPerVec) || sampled * kPerVec <= kMostOrdered;
  Pack threshold = a.element.threshold(0);
  if (!all) {
    Pack packs[kStageVecs][E::kPacksPerVec] = {};
#pragma unroll
    for (int j = 0; j < kStageVecs; ++j)
      if (static_cast<std::uint32_t>(j) < vecs) a.element.unpack(granules[j * kOrderThreads + threadIdx.x], packs[j]);
    threshold =
        a.element.threshold(sample_bound(s.order, a.element, packs, first, static_cast<std::uint32_t>(first_wanted)));
    s.order.clear();
  }
  Key low = ~Key{0}, high = 0;
  constexpr std::uint32_t kTogether = 16 / kPerVec;  // granules whose elements find their places together
  std::uint32_t passed = 0, listed = 0;
  // Of equal elements more may pass than the list holds: then one of `every`, at all places of a granule by turns, is a sample of
  // the sample; what warps are late with would lie side by side.
  std::uint32_t every = 1;
  for (;;) {
#pragma unroll 1
    for (std::uint32_t from = 0; from < vecs; from += kTogether) {
      Pack packs[kTogether][E::kPacksPerVec];
      unsigned passes = 0;  // a bit for each element
#pragma unroll
      for (std::uint32_t v = 0; v < kTogether; ++v) {
        if (from + v >= vecs || thread * vecs + from + v >= sampled) break;
        a.element.unpack(granules[(from + v) * kOrderThreads + threadIdx.x], packs[v]);
#pragma unroll
        for (int q = 0; q < E::kPacksPerVec; ++q)
          passes |= E::passes(packs[v][q], threshold) << (v * kPerVec + q * E::kPerPack);
      }
      if (every > 1) {
        unsigned turn = 0;
#pragma unroll 1
        for (std::uint32_t e = 0; e < 16; ++e)
          if ((thread * vecs + from + e / kPerVec + e % kPerVec) % every == 0) turn |= 1U << e;
        passes &= turn;
      }
      const auto own = static_cast<std::uint32_t>(__popc(passes));
      const std::uint32_t through = sum_through(own);
      std::uint32_t slot = 0;
      if (lane() == kWarp - 1 && through != 0) slot = atomicAdd(&s.passed, through);
      slot = __shfl_sync(full_mask, slot, kWarp - 1) + through - own;
#pragma unroll
      for (std::uint32_t v = 0; v < kTogether; ++v) {
        const std::uint32_t position = row.position(granule_of(thread * vecs + from + v), 0);
#pragma unroll
        for (int e = 0; e < kPerVec; ++e) {
          if ((passes >> (v * kPerVec + e) & 1U) == 0) continue;
          const Key key = a.element.key(packs[v][e / E::kPerPack], e % E::kPerPack);
          low = ::min(low, key);
          high = ::max(high, key);
          if (slot < kMostOrdered) list[slot] = candidate(key, position + e);
          ++slot;
        }
      }
    }
    low = __reduce_min_sync(full_mask, low);
    high = __reduce_max_sync(full_mask, high);
    if (lane() == 0) {
      atomicMin(&s.low, low);
      atomicMax(&s.high, high);
    }
    __syncthreads();
    listed = s.passed;
    if (every == 1) passed = listed;
    if (every > 1 || listed <= kMostOrdered) break;
    every = listed / kMostOrdered + 1;
    __syncthreads();
    if (threadIdx.x == 0) s.passed = 0;
    __syncthreads();
  }
  listed = ::min(listed, static_cast<std::uint32_t>(kMostOrdered));
  low = s.low;
  high = s.high;
  const float kept = passed == 0 ? 1.0F : static_cast<float>(listed) / static_cast<float>(passed);
  const float winners = share * static_cast<float>(sampled * kPerVec) * kept;
  const float wanted = at_most<E>(winners);
  auto each = samples_a_bucket(static_cast<float>(k) / winners, a.shape.winners_a_bucket);
  each = ::max(each, static_cast<std::uint32_t>(wanted / static_cast<float>(a.shape.buckets - 1)) + 1);
  const auto buckets = static_cast<std::uint32_t>(wanted / static_cast<float>(each)) + 1;
  const std::uint32_t emitted = ::min(buckets, listed / each);
  if (threadIdx.x == 0) {
    // The list may end before what is wanted; the last bucket takes what is left.
    if (emitted < buckets) to.splitters[emitted] = all ? 0 : candidate(low, ~0U);
    to.head->buckets = emitted < buckets ? emitted + 1 : emitted;
    to.head->lowest = candidate(low, ~0U);
    to.head->highest = candidate(high, 0);
    static_assert(kPartitionCellsBefore == 8);  // the last of them counts, the others are read with it
    reinterpret_cast<uint4*>(to.cells)[0] = make_uint4(0, 0, 0, emitted << 16);
    s.evened[0] = 0;
  }
  // Rank / each; ranks are few enough for the product to be exact.
  const std::uint32_t inverse = ~0U / each + 1;
  const auto splitters_above = [=](std::uint32_t rank) {
    return ::min(each == 1 ? rank : __umulhi(rank, inverse), emitted);
  };
  order_items(
      s.order, list, listed, listed, 0, listed, candidate(low, ~0U), candidate(high, 0),
      32 - __clz(static_cast<int>(n - 1)), Order::value, s.evened, [&](std::uint32_t i) { return list[i]; },
      [&] {
        if (threadIdx.x == 0) to.head->cell_of = s.order.bin_of;
      },
      [] {},
      [&] {
        return [&](std::uint32_t rank, Candidate c) {
          const std::uint32_t b = splitters_above(rank + 1);
          if (b * each == rank + 1 && b != 0) to.splitters[b - 1] = c;
        };
      });
  __syncthreads();
  // A thread's cells are words that lie together.
  static_assert(kOrderOwn == 8);
  const std::uint32_t cell = threadIdx.x * kOrderOwn;
  std::uint32_t above[kOrderOwn];
#pragma unroll
  for (int i = 0; i < kOrderOwn; ++i)
    above[i] = splitters_above(s.evened[0] != 0 ? s.evened[cell + i + 1] : s.order.counts()[cell + i]);
  reinterpret_cast<uint4*>(to.cells + kPartitionCellsBefore)[threadIdx.x] = make_uint4(
      above[0] | above[1] << 16, above[2] | above[3] << 16, above[4] | above[5] << 16, above[6] | above[7] << 16);
}

}  // namespace topkit::cuda
