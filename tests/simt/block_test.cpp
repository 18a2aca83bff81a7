// Barriers, shared memory, atomics and late copies of the host stand-in.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cstdint>
#include <vector>

#include "run.hpp"

namespace topkit::test {
namespace {

using namespace topkit::cuda;

TEST(Block, ABarrierSeparatesWritesFromReads) {
  run_everywhere({.kernel = "barrier", .grid = 5, .block = 200}, [] {
    auto& words = shared<std::array<unsigned, 200>>();
    for (unsigned round = 0; round < 3; ++round) {
      words[threadIdx.x] = threadIdx.x * 7 + round + blockIdx.x;
      __syncthreads();
      EXPECT_EQ(words[199 - threadIdx.x], (199 - threadIdx.x) * 7 + round + blockIdx.x);
      __syncthreads();
    }
  });
}

TEST(Block, WithoutTheBarrierSomeLaneOrderReadsGarbage) {
  int wrong = 0;
  for (const std::uint64_t seed : kSeeds)
    EXPECT_EQ(run_kernel({.kernel = "no barrier", .block = 64}, seed,
                         [&] {
                           auto& words = shared<std::array<unsigned, 64>>();
                           words[threadIdx.x] = threadIdx.x;
                           wrong += words[63 - threadIdx.x] != 63 - threadIdx.x ? 1 : 0;
                         }),
              "");
  EXPECT_GT(wrong, 0);
}

TEST(Block, BarrierVotesCountEveryThread) {
  run_everywhere({.kernel = "barrier votes", .block = 100}, [] {
    for (int round = 0; round < 3; ++round) {
      EXPECT_EQ(__syncthreads_count(threadIdx.x % 4 == 1), 25);
      EXPECT_EQ(__syncthreads_or(threadIdx.x == 99), 1);
      EXPECT_EQ(__syncthreads_or(0), 0);
      EXPECT_EQ(__syncthreads_and(1), 1);
      EXPECT_EQ(__syncthreads_and(threadIdx.x != 50), 0);
    }
  });
}

TEST(Block, ThreadsThatExitedAreNotWaitedFor) {
  run_everywhere({.kernel = "exits", .block = 128}, [] {
    auto& word = shared<unsigned>();
    if (threadIdx.x == 0) word = 11;
    if (threadIdx.x >= 40) return;
    __syncthreads();
    EXPECT_EQ(word, 11U);
  });
}

TEST(Block, NamedBarriersJoinProducersAndConsumers) {
  struct Slots {
    unsigned full[64];
  };
  run_everywhere({.kernel = "named barriers", .block = 128}, [] {
    auto& slots = shared<Slots>();
    const bool producer = threadIdx.x < 64;
    for (unsigned round = 0; round < 4; ++round) {
      if (producer) {
        slots.full[threadIdx.x] = threadIdx.x + round;
        block_arrive(1, 128);
        block_sync(2, 128);
      } else {
        block_sync(1, 128);
        EXPECT_EQ(slots.full[127 - threadIdx.x], 127 - threadIdx.x + round);
        block_arrive(2, 128);
      }
    }
  });
}

TEST(Block, SharedMemoryIsGarbageForEveryBlock) {
  int clean = 0;
  for (const std::uint64_t seed : kSeeds)
    EXPECT_EQ(run_kernel({.kernel = "garbage", .grid = 4, .block = 32, .shared_bytes = 256}, seed,
                         [&] {
                           auto& fixed = shared<std::array<unsigned, 32>>();
                           auto* dynamic = dynamic_shared<unsigned>();
                           clean += fixed[lane()] == 0 || dynamic[lane()] == 0 ? 1 : 0;
                           clean += fixed[lane()] == 77 || dynamic[lane()] == 77 ? 1 : 0;
                           fixed[lane()] = 77, dynamic[lane()] = 77;
                         }),
              "");
  EXPECT_EQ(clean, 0);
}

TEST(Block, StaticObjectsOfDifferentTypesDoNotOverlap) {
  struct A {
    unsigned char bytes[7];
  };
  struct B {
    alignas(64) unsigned word;
  };
  run_everywhere({.kernel = "statics", .block = 1, .shared_bytes = 48}, [] {
    auto& a = shared<A>();
    auto& b = shared<B>();
    auto* d = dynamic_shared<unsigned>();
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(&b) % 64, 0U);
    EXPECT_EQ(reinterpret_cast<std::uintptr_t>(d) % 16, 0U);
    std::fill(std::begin(a.bytes), std::end(a.bytes), 1);
    b.word = 2;
    std::fill(d, d + 12, 3U);
    EXPECT_EQ(a.bytes[6], 1);
    EXPECT_EQ(b.word, 2U);
    EXPECT_EQ(&shared<A>(), &a);
  });
}

TEST(Block, AtomicsLoseNothing) {
  struct Counters {
    unsigned sum, low, high, bits, mask;
    unsigned long long wide;
    unsigned places[128];
  };
  for (const std::uint64_t seed : kSeeds) {
    std::uint64_t total = 0;
    unsigned tickets = 0;
    std::vector<unsigned> seen(512, 0);
    EXPECT_EQ(run_kernel({.kernel = "atomics", .grid = 4, .block = 128}, seed,
                         [&] {
                           auto& c = shared<Counters>();
                           if (threadIdx.x == 0) c = {.sum = 0, .low = ~0U, .high = 0, .bits = 0, .mask = ~0U};
                           __syncthreads();
                           const unsigned place = atomicAdd(&c.sum, 1U);
                           c.places[place] = threadIdx.x;
                           atomicMin(&c.low, threadIdx.x + 3);
                           atomicMax(&c.high, threadIdx.x);
                           atomicOr(&c.bits, 1U << lane());
                           atomicAnd(&c.mask, ~(1U << lane()));
                           atomicAdd(&c.wide, 1ULL << 33);
                           atomic_add(&total, std::uint64_t{1} << 40);
                           ++seen[atomicAdd(&tickets, 1U)];
                           __syncthreads();
                           EXPECT_EQ(c.sum, 128U);
                           EXPECT_EQ(c.low, 3U);
                           EXPECT_EQ(c.high, 127U);
                           EXPECT_EQ(c.bits, ~0U);
                           EXPECT_EQ(c.mask, 0U);
                           EXPECT_EQ(c.wide, 128ULL << 33);
                           EXPECT_EQ(atomicExch(&c.places[threadIdx.x], 1000U + threadIdx.x) < 128, true);
                           EXPECT_EQ(atomicCAS(&c.places[threadIdx.x], 5U, 6U), 1000U + threadIdx.x);
                           EXPECT_EQ(atomicCAS(&c.places[threadIdx.x], 1000U + threadIdx.x, 6U), 1000U + threadIdx.x);
                           EXPECT_EQ(c.places[threadIdx.x], 6U);
                         }),
              "");
    EXPECT_EQ(total, std::uint64_t{512} << 40);
    EXPECT_EQ(seen, std::vector<unsigned>(512, 1));
  }
}

TEST(Block, LateCopiesArriveAtTheWaitAndNotBefore) {
  std::vector<uint4> source(64);
  for (unsigned i = 0; i < 64; ++i) source[i] = make_uint4(i, i + 1, i + 2, i + 3);
  run_everywhere({.kernel = "copies", .block = 32, .shared_bytes = 64 * 16}, [&] {
    auto* to = dynamic_shared<uint4>();
    async_copy16(&to[lane()], &source[lane()]);
    async_commit();
    async_copy16(&to[32 + lane()], &source[32 + lane()]);
    async_commit();
    EXPECT_NE(to[lane()].x, lane());
    async_wait<1>();
    EXPECT_EQ(to[lane()].w, lane() + 3);
    EXPECT_NE(to[32 + lane()].x, 32 + lane());
    async_wait<0>();
    EXPECT_EQ(to[32 + lane()].x, 32 + lane());
  });
}

TEST(Block, EveryBlockSizeRunsEveryThreadOnce) {
  for (unsigned block : {1U, 31U, 32U, 33U, 96U, 1000U, 1024U}) {
    unsigned long long sum = 0;
    EXPECT_EQ(run_kernel({.kernel = "sizes", .grid = 3, .block = block}, 1, [&] { sum += threadIdx.x + 1; }), "");
    EXPECT_EQ(sum, 3ULL * block * (block + 1) / 2);
  }
}

}  // namespace
}  // namespace topkit::test
