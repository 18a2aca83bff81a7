// Clusters of the host stand-in: blocks that run together, their barrier, and each other's shared memory.
#include <gtest/gtest.h>

#include <array>

#include "run.hpp"

namespace topkit::test {
namespace {

using namespace topkit::cuda;

struct Board {
  unsigned mine;
  unsigned count;
  unsigned from[16];
  unsigned long long wide[4];
};

TEST(Cluster, EveryBlockReadsEveryOther) {
  run_everywhere({.kernel = "read all", .grid = 48, .block = 64, .cluster = 16}, [] {
    auto& board = shared<Board>();
    EXPECT_EQ(cluster_size(), 16U);
    EXPECT_EQ(cluster_index() * 16 + cluster_rank(), blockIdx.x);
    if (threadIdx.x == 0) board.mine = blockIdx.x * 10;
    cluster_sync();
    for (unsigned r = threadIdx.x; r < 16; r += blockDim.x)
      EXPECT_EQ(cluster_load(&board.mine, r), (cluster_index() * 16 + r) * 10);
    cluster_sync();
  });
}

TEST(Cluster, StoresAndAddsLandInTheNamedBlock) {
  run_everywhere({.kernel = "write all", .grid = 16, .block = 32, .cluster = 8}, [] {
    auto& board = shared<Board>();
    if (threadIdx.x == 0) board.count = 0;
    cluster_sync();
    if (lane() < 8) {
      cluster_store(&board.from[cluster_rank()], lane(), blockIdx.x + 100);
      cluster_add(&board.count, lane(), 3U);
      *map_shared(&board.wide[0], lane()) = 1ULL << 60;
    }
    cluster_sync();
    EXPECT_EQ(board.count, 24U);
    EXPECT_EQ(board.wide[0], 1ULL << 60);
    EXPECT_EQ(board.from[lane() % 8], cluster_index() * 8 + lane() % 8 + 100);
  });
}

TEST(Cluster, ArriveAndWaitMayBeApart) {
  run_everywhere({.kernel = "split barrier", .grid = 4, .block = 96, .cluster = 4}, [] {
    auto& board = shared<Board>();
    if (threadIdx.x == 0) board.mine = cluster_rank();
    cluster_arrive();
    const unsigned sum = __reduce_add_sync(full_mask, 1U);
    EXPECT_EQ(sum, 32U);
    cluster_wait();
    EXPECT_EQ(cluster_load(&board.mine, (cluster_rank() + 1) % 4), (cluster_rank() + 1) % 4);
    cluster_arrive();
    cluster_wait();
  });
}

TEST(Cluster, ExitedBlocksDoNotHoldTheBarrier) {
  run_everywhere({.kernel = "early exit", .grid = 4, .block = 32, .cluster = 4}, [] {
    if (cluster_rank() == 2) return;
    cluster_sync();
    cluster_sync();
  });
}

TEST(Cluster, WithoutTheBarrierSomeOrderReadsGarbage) {
  int wrong = 0;
  for (const std::uint64_t seed : kSeeds)
    EXPECT_EQ(run_kernel({.kernel = "no second barrier", .grid = 4, .block = 32, .cluster = 4}, seed,
                         [&] {
                           auto& board = shared<Board>();
                           cluster_sync();
                           if (lane() == 0) board.mine = cluster_rank();
                           wrong += cluster_load(&board.mine, 3 - cluster_rank()) != 3 - cluster_rank() ? 1 : 0;
                           cluster_sync();
                         }),
              "");
  EXPECT_GT(wrong, 0);
}

}  // namespace
}  // namespace topkit::test
