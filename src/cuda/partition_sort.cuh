// The third kernel of cuda_partition: a block a bucket gathers its candidates and writes its winners in their order.
//
// A bucket that has more than a block orders at once, or whose candidates found no room, is taken in pieces: the best few
// thousand of what is left, by histograms of the candidates, as often as it takes. So are the winners that no bucket has
// because the sample ended above them, and those pieces are looked for in the whole row: exact whatever the sample was.
#pragma once

#include "bins.hpp"
#include "partition_row.cuh"
#include "radix_order.cuh"
#include "radix_out.cuh"

namespace topkit::cuda {

// Where the candidates of a bucket are: those of chunk t, among all from ends[t] - 's of the chunk before on.
struct BucketReader {
  const Candidate* candidates;
  const std::uint32_t* starts;  // [chunk]: the chunk's first candidate among the bucket's
  const std::uint32_t* from;    // [chunk]: where they are, less starts[chunk]
  std::uint32_t chunks, top;    // top: the largest power of two not above chunks

  // Calls f(i, candidate) for all below count, by all threads of a block, several at a time.
  template <int kTogether, class F>
  __device__ void for_each(std::uint32_t count, F f) const {
#pragma unroll 1
    for (std::uint32_t base = threadIdx.x; base < count; base += kTogether * kOrderThreads) {
      std::uint32_t chunk[kTogether] = {};
#pragma unroll 1
      for (std::uint32_t step = top; step != 0; step /= 2) {
#pragma unroll
        for (int q = 0; q < kTogether; ++q)
          if (chunk[q] + step < chunks && starts[chunk[q] + step] <= base + q * kOrderThreads) chunk[q] += step;
      }
      Candidate c[kTogether];
#pragma unroll
      for (int q = 0; q < kTogether; ++q)
        if (base + q * kOrderThreads < count) c[q] = candidates[from[chunk[q]] + base + q * kOrderThreads];
#pragma unroll
      for (int q = 0; q < kTogether; ++q)
        if (base + q * kOrderThreads < count) f(base + q * kOrderThreads, c[q]);
    }
  }
};

// Where a block takes pieces from: nowhere when the bucket is ordered at once.
enum class PieceSource : std::uint8_t { none, bucket, row };

template <class E>
struct PartitionSortState {
  OrderState order;
  std::uint16_t evened[kOrderBins + 1];
  RowOut<E> out;
  BucketReader reader;
  std::int64_t row;
  // Read again behind each barrier rather than kept in registers.
  PartitionHead* head;
  Candidate low, high;   // what is left of the bucket, or of the row
  Candidate piece_low;   // the lowest that is ordered now
  Candidate splitter;    // the bucket's
  std::uint32_t count;   // candidates of the bucket
  std::uint32_t before;  // winners that are better
  PieceSource source;
  bool open;     // the best bucket: nothing is known of how good its candidates are
  bool missing;  // the last bucket: winners are to be looked for below it
  bool done;
  int position_bits;
  Key least, most;  // keys of the best bucket
  std::uint32_t listed;
  std::uint32_t warps[2][kOrderWarps];
  FoundBin crossed;

  // By one thread.
  __device__ void search_row() {
    source = PieceSource::row;
    missing = false;
    low = 0;
    high = splitter - 1;
  }
};

// Lists the best of what is left of a bucket, or of a row: all if they are no more than kMostOrdered, else a quarter of that at
// least. Returns the lowest that a candidate of the piece may be. All threads; ends with a barrier.
template <class E>
__device__ __forceinline__ Candidate next_piece(const PartitionArgs<E>& a, PartitionSortState<E>& s, Candidate* list) {
  const auto for_each = [&](auto f) {
    if (s.source == PieceSource::row) {
      for_row(a.element, Row<E>(a.args, a.args.span(s.row), s.row), f);
    } else {
      s.reader.template for_each<1>(s.count, [&](std::uint32_t, Candidate c) { f(c); });
    }
  };
  Candidate low = s.low, high = s.high;
  std::uint32_t above = 0;
  for (;;) {
    const int bits = 64 - __clzll(static_cast<long long>(high - low));
    const int shift = bits > 12 ? bits - 12 : 0;
    static_assert(kOrderBins == 1 << 12);
    s.order.clear();
    if (threadIdx.x == 0) s.listed = s.crossed.within = 0;
    __syncthreads();
    for_each([&](Candidate c) {
      if (c >= low && c <= high) atomicAdd(&s.order.counts()[(c - low) >> shift], 1U);
    });
    __syncthreads();
    scan_down<kOrderOwn>(s.order.counts(), s.order.digits,
                         [&](std::uint32_t bin, std::uint32_t before, std::uint32_t own) {
                           if (above + before <= kMostOrdered && above + before + own > kMostOrdered)
                             s.crossed = {bin, before, own};
                         });
    __syncthreads();
    const FoundBin crossed = s.crossed;
    __syncthreads();
    if (crossed.within == 0) break;
    above += crossed.above;
    const Candidate bottom = low + (static_cast<Candidate>(crossed.bin) << shift);
    const Candidate last = bin_top(bottom, shift, high);
    if (above >= kMostOrdered / 4) {
      low = last + 1;  // the better ones are in higher bins
      break;
    }
    high = last;
    low = bottom;
  }
  s.order.clear();
  high = s.high;
  for_each([&](Candidate c) {
    if (c >= low && c <= high) list[atomicAdd(&s.listed, 1U)] = c;
  });
  __syncthreads();
  return low;
}

// Types whose keys take registers have one block a multiprocessor, and so has sm_80, whose code spills otherwise.
template <class E>
inline constexpr int kSortBlocks = kArch >= 900 && (E::kRawPacks || sizeof(typename E::Raw) == 4) ? 2 : 1;

template <class E>
__global__ void __launch_bounds__(kOrderThreads, kSortBlocks<E>)
    partition_sort(const __grid_constant__ PartitionArgs<E> a) {
  PartitionSortState<E>& s = shared<PartitionSortState<E>>();
  auto* const list = dynamic_shared<Candidate>();
  const std::uint32_t chunks = a.shape.chunks;
  auto* const starts = reinterpret_cast<std::uint32_t*>(list + kMostOrdered);
  std::uint32_t* const from = starts + chunks;
  const std::uint32_t in_round = blockIdx.x / a.shape.buckets, bucket = blockIdx.x - in_round * a.shape.buckets;
  const std::int64_t row = a.first_row + in_round;
  const PartitionRow in(a, in_round);
  const Order order = a.args.problem.order;
  s.order.clear();
  if (threadIdx.x == 0) {
    const Args::Span span = a.args.span(row);
    s.out.set(a.args, span, row);
    s.row = row;
    s.reader = {in.candidates, starts, from, chunks, 1U << (31 - __clz(static_cast<int>(chunks)))};
    s.position_bits = 32 - __clz(static_cast<int>(static_cast<std::uint32_t>(span.end - span.begin) - 1));
    s.least = ~Key{0};
    s.most = 0;
  }
  grid_dependency_wait();
  grid_launch_dependents();
  const std::uint32_t buckets = in.head->buckets;
  if (bucket >= buckets) return;
  if (threadIdx.x == 0) {
    s.head = in.head;
    s.splitter = in.splitters[bucket];
    s.high = bucket == 0 ? ~Candidate{0} : in.splitters[bucket - 1] - 1;
    s.low = s.splitter;
    s.open = bucket == 0;
  }
  // The candidates of better buckets, and those of this one by chunk.
  const std::uint32_t own = (chunks + kOrderThreads - 1) / kOrderThreads, first = threadIdx.x * own;
  const std::uint32_t* const line = in.offsets + bucket * chunks;
  std::uint32_t before = 0, sum = 0, count;
  bool stored = true;
#pragma unroll 1
  for (std::uint32_t t = first; t < first + own && t < chunks; ++t) {
    const std::uint32_t offset = line[t], length = line[chunks + t] - offset, base = in.bases[t];
    before += offset;
    starts[t] = length;
    from[t] = base + offset;
    sum += length;
    stored = stored && (length == 0 || base != ~0U);
  }
  before = __reduce_add_sync(full_mask, before);
  if (lane() == 0) s.warps[1][warp()] = before;
  std::uint32_t start = sum_before(sum, s.warps[0], kOrderWarps, count);
  before = __reduce_add_sync(full_mask, lane() < kOrderWarps ? s.warps[1][lane()] : 0);
#pragma unroll 1
  for (std::uint32_t t = first; t < first + own && t < chunks; ++t) {
    const std::uint32_t length = starts[t];
    starts[t] = start;
    from[t] -= start;
    start += length;
  }
  stored = __syncthreads_and(stored ? 1 : 0) != 0;
  // Winners that no bucket has are the last one's.
  const bool last = bucket == buckets - 1, missing = last && before + count < s.out.k;
  if (before >= s.out.k || (count == 0 && !missing)) return;
  if (order == Order::index && before + count < s.out.k && !missing) return;  // the last winner is elsewhere

  const bool at_once = order == Order::any && stored && before + count <= s.out.k;
  if (at_once) {
    const RowOut<E> out = s.out;
    s.reader.template for_each<4>(count,
                                  [&](std::uint32_t i, Candidate c) { out.write(a.args, a.element, before + i, c); });
    if (!missing) return;
  }
  if (threadIdx.x == 0) {
    s.before = at_once ? before + count : before;
    s.missing = missing;
    s.count = count;
    s.source = !stored ? PieceSource::row : count > kMostOrdered ? PieceSource::bucket : PieceSource::none;
    if (at_once || count == 0) s.search_row();
  }
  __syncthreads();
  for (;;) {
    if (s.source == PieceSource::none) {
      Key least = ~Key{0}, most = 0;
      s.reader.template for_each<4>(s.count, [&](std::uint32_t i, Candidate c) {
        list[i] = c;
        least = ::min(least, key_of(c));
        most = ::max(most, key_of(c));
      });
      if (s.open) {
        least = __reduce_min_sync(full_mask, least);
        most = __reduce_max_sync(full_mask, most);
        if (lane() == 0) {
          atomicMin(&s.least, least);
          atomicMax(&s.most, most);
        }
      }
      if (threadIdx.x == 0) s.listed = s.count;
      __syncthreads();
      if (threadIdx.x == 0) {
        s.piece_low = s.open ? candidate(s.least, ~0U) : s.low;
        if (s.open) s.high = candidate(s.most, 0);
      }
    } else {
      const Candidate low = next_piece(a, s, list);
      if (threadIdx.x == 0) s.piece_low = low;
    }
    __syncthreads();
    const std::uint32_t winners = ::min(s.listed, s.out.k - s.before);
    order_items(
        s.order, list, s.listed, winners, 0, winners, s.piece_low, s.high, s.position_bits, Order::value, s.evened,
        [&](std::uint32_t i) { return list[i]; }, [] {}, [] {},
        [&] {
          return [&, out = s.out, before = s.before](std::uint32_t rank, Candidate c) {
            if (order != Order::index) {
              out.write(a.args, a.element, before + rank, c);
            } else if (before + rank == out.k - 1) {
              s.head->cut = c;
            }
          };
        });
    __syncthreads();
    if (threadIdx.x == 0) {
      s.before += s.listed;
      s.done = s.before >= s.out.k;
      if (s.source != PieceSource::none && s.piece_low != s.low) {
        s.high = s.piece_low - 1;
      } else if (s.missing) {
        s.search_row();
      } else {
        s.done = true;
      }
    }
    s.order.clear();
    __syncthreads();
    if (s.done) return;
  }
}

}  // namespace topkit::cuda
