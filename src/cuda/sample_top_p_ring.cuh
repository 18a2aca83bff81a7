// A block's share of a row on its way through shared memory: each thread its own quads, span by span. What has been read makes room
// for what comes, so that a few spans are always on their way; when all have been read the last ones are still there, for the
// verdicts to weigh.
#pragma once

#include "sample_top_p_state.cuh"

namespace topkit::cuda {

template <class L>
class TopPRing {
 public:
  using Raws = typename LogitRow<L>::Raws;
  static constexpr std::uint32_t kAtOnce = kTopPSpan / kSampleThreads;  // quads of a thread in a span

  __device__ TopPRing() : places_(shared<TopPState>().place.ring) {}

  // Asks for as many spans as there are places for. Behind a barrier that shows the state's place.
  __device__ __forceinline__ void open() const {
#pragma unroll 1
    for (std::uint32_t span = 0; span < places_; ++span) ask(span, span);
  }
  // Until the oldest span that is on its way is there.
  __device__ __forceinline__ void wait() const {
    if (places_ >= 3) {
      async_wait<2>();
    } else if (places_ == 2) {
      async_wait<1>();
    } else {
      async_wait<0>();
    }
  }
  // The thread's quads of what is in a place, kSampleThreads apart; -inf behind the share's end.
  __device__ __forceinline__ static Raws* quads(std::uint32_t place) {
    return dynamic_shared<Raws>() + place * kTopPSpan + threadIdx.x;
  }
  // A span on its way to a place, whose own have been read; nothing, where there is none.
  __device__ __forceinline__ void ask(std::uint32_t span, std::uint32_t place) const {
    const TopPPlace& share = shared<TopPState>().place;
    const std::uint32_t quad = share.first + span * kTopPSpan + threadIdx.x;
    Raws* const to = quads(place);
    if (quad + (kAtOnce - 1) * kSampleThreads < share.whole) {
      const Raws* const from = static_cast<const Raws*>(share.x) + quad;
#pragma unroll
      for (std::uint32_t j = 0; j < kAtOnce; ++j) copy(to + j * kSampleThreads, from + j * kSampleThreads);
    } else if (share.first + span * kTopPSpan < share.end) {
      const TopPShare<L> some;
#pragma unroll 1
      for (std::uint32_t j = 0; j < kAtOnce; ++j) to[j * kSampleThreads] = some.raws(quad + j * kSampleThreads);
    }
    async_commit();
  }

 private:
  __device__ __forceinline__ static void copy(Raws* to, const Raws* from) {
    if constexpr (sizeof(Raws) == 16)
      async_copy16(to, from);
    else
      async_copy8(to, from);
  }

  std::uint32_t places_;
};

}  // namespace topkit::cuda
