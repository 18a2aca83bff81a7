// The last kernel of cuda_wide: a block a bucket puts its words into order and writes the winners.
//
// A bucket of more words than a block orders at once is taken in pieces, best first; one whose words found no room, and winners
// that no bucket has because the sample ended above them, are looked for in the row again: exact whatever the sample was.
#pragma once

#include "places.cuh"
#include "wide_cut.cuh"

namespace topkit::cuda {

struct WideFinishState {
  WideCutState cut;
  WideWord low, high;  // what is left to look for, where it is not the bucket's list as it is
  std::uint32_t listed;
  // Read again behind each barrier rather than kept in registers.
  const std::uint64_t* x;
  std::int64_t begin;
  std::uint32_t n;
  const WideWord* words;  // the bucket's, all of them if they are listed
  std::uint32_t count;
  std::uint32_t place, end;  // winners that are written, and up to where there are more
  std::uint32_t k;
  bool from_list, last;  // the last bucket also looks for the winners below it
  WideWord splitter;     // the bucket's

  // By one thread. Winners that the bucket does not have: all words below it, or all of the row.
  __device__ void search_row(WideWord above) {
    from_list = false;
    high = above - 1;
    low = 0;
    end = k;
  }
};

// Key above column and back, for winners by ascending column.
__device__ inline WideWord by_column(WideWord word) {
  return (word & WideItem::kColumns) << 64 | word >> WideItem::kColumnBits;
}
__device__ inline WideWord by_key(WideWord word) {
  return static_cast<WideWord>(static_cast<std::uint64_t>(word)) << WideItem::kColumnBits | word >> 64;
}

struct WholeWord {
  __device__ WideWord operator()(WideWord word) const { return word; }
};

__global__ void __launch_bounds__(kMostWideThreads, 2) wide_finish(const __grid_constant__ WideArgs a) {
  grid_dependency_wait();
  grid_launch_dependents();
  WideFinishState& s = shared<WideFinishState>();
  using Words = SortRow<WideWord, true, WholeWord>;
  const WholeWord whole;
  char* const room = dynamic_shared<char>();
  auto* const listed_words = reinterpret_cast<WideWord*>(room);  // where the first words of a room lie
  const std::uint32_t in_round = blockIdx.x / a.shape.buckets, bucket = blockIdx.x - in_round * a.shape.buckets;
  const WideRow in(a, in_round);
  const std::uint32_t buckets = *in.buckets;
  if (bucket >= buckets) return;
  const Args::Span span = a.args.span(a.first_row + in_round);
  const auto k = static_cast<std::uint32_t>(span.count);
  const bool by_index = a.args.problem.order == Order::index;

  if (threadIdx.x == 0) {
    s.x = a.row(a.first_row + in_round, span);
    s.begin = span.begin;
    s.n = static_cast<std::uint32_t>(span.end - span.begin);
    s.low = in.splitters[bucket];
    s.high = bucket == 0 ? (static_cast<WideWord>(1) << kWideWordBits) - 1 : in.splitters[bucket - 1] - 1;
  }
  std::uint32_t place = 0;  // the words of better buckets
  for (std::uint32_t b = threadIdx.x; b < bucket; b += blockDim.x) place += in.counts[b];
  place = __reduce_add_sync(full_mask, place);
  if (lane() == 0) s.cut.warps[warp()] = place;
  __syncthreads();
  place = 0;
  for (unsigned w = 0; w < blockDim.x / kWarp; ++w) place += s.cut.warps[w];
  const std::uint32_t count = in.counts[bucket];
  const bool last = bucket == buckets - 1, missing = last && place + count < k;
  if (place >= k || (count == 0 && !missing)) return;

  if (threadIdx.x == 0) {
    s.words = in.words + place;
    s.count = count;
    s.place = place;
    s.k = k;
    s.last = last;
    s.splitter = s.low;
    s.end = ::min(k, place + count);
    s.from_list = place + count <= a.shape.capacity;
    if (missing && by_index) {
      s.search_row(static_cast<WideWord>(1) << kWideWordBits);
    } else if (count == 0) {
      s.search_row(s.low);
    }
  }
  __syncthreads();

  const auto wanted = [&] { return ::min(s.end - s.place, static_cast<std::uint32_t>(blockDim.x * kSortItems)); };
  for (;;) {
    std::uint32_t listed = s.count;
    const WideWord* from = s.words;
    if (!s.from_list || listed > blockDim.x * kSortItems) {
      listed = wanted();
      const auto for_each = [&](const auto& f) {
        if (s.from_list) {
          for (std::uint32_t i = threadIdx.x; i < s.count; i += blockDim.x) f(s.words[i]);
        } else {
          for (std::uint32_t i = threadIdx.x; i < s.n; i += blockDim.x) f(WideItem::word(a.map(s.x[i]), i));
        }
      };
      if (threadIdx.x == 0) s.listed = 0;
      const WideWord high = s.high, cut = wide_cut(s.cut, for_each, s.low, high, listed);
      for_each([&](WideWord word) {
        if (word >= cut && word <= high) listed_words[atomicAdd(&s.listed, 1U)] = word;
      });
      from = listed_words;
      __syncthreads();
      if (threadIdx.x == 0) s.high = cut - 1;
    }
    // As few threads as hold the words; the others put nothing into order beside them.
    std::uint32_t threads = kWarp;
    while (threads * kSortItems < listed) threads *= 2;
    const SortRoom size = sort_room(static_cast<int>(threads), sizeof(WideWord));
    const std::uint32_t mine = threadIdx.x / threads, thread = threadIdx.x - mine * threads;
    const Words first_words(room, size, whole, thread, listed);  // of which the threads of others read
    const Words words(room + mine * size.bytes, size, whole, thread, mine == 0 ? listed : 0);
#pragma unroll 4
    for (unsigned i = 0; i < kSortItems; ++i) {
      const unsigned at = Words::first(thread) + i * Words::step(threads);
      if (mine == 0 && at < listed) words.raw(at) = from[at];
    }
    words.sort_placed(wanted());
    if (by_index) {
      __syncthreads();
      for (unsigned i = threadIdx.x; i < listed; i += blockDim.x) {
        WideWord& word = first_words.raw(first_words.column(i));
        word = i < wanted() ? by_column(word) : 0;
      }
      __syncthreads();
      words.sort_placed(wanted());
    }
    __syncthreads();
    const Places<std::uint64_t> places(a.args, a.first_row + in_round);
    const std::uint64_t* const x = s.x;
    const std::uint32_t place = s.place, written = wanted();
#pragma unroll 1
    for (std::uint32_t i = threadIdx.x; i < written; i += blockDim.x) {
      const WideWord sorted = first_words.raw(first_words.column(i)), word = by_index ? by_key(sorted) : sorted;
      const std::uint64_t key = WideItem::key(word);
      const std::uint32_t column = WideItem::column(word);
      places.write(place + i, s.begin + column, a.map.lossy(key) ? x[column] : a.map.raw(key));
    }
    if (place + written == s.k || (place + written == s.end && !s.last)) return;
    __syncthreads();
    if (threadIdx.x == 0) {
      s.place += written;
      if (s.place == s.end) s.search_row(s.splitter);
    }
    __syncthreads();
  }
}

}  // namespace topkit::cuda
