// Warp operations of the host stand-in against their definition, lane by lane.
#include <gtest/gtest.h>

#include <bit>
#include <cstdint>

#include "run.hpp"

namespace topkit::test {
namespace {

using namespace topkit::cuda;

unsigned value_of(unsigned thread) { return thread * 2654435761U ^ thread >> 3; }

TEST(Warp, ShufflesBringTheNamedLanesValue) {
  run_everywhere({.kernel = "shuffles", .grid = 2, .block = 96}, [] {
    const unsigned t = threadIdx.x, first = t & ~31U, l = lane();
    EXPECT_EQ(__shfl_sync(full_mask, value_of(t), 7), value_of(first + 7));
    EXPECT_EQ(__shfl_sync(full_mask, value_of(t), 33), value_of(first + 1)) << "the source wraps";
    EXPECT_EQ(__shfl_sync(full_mask, value_of(t), 2, 8), value_of((t & ~7U) + 2));
    EXPECT_EQ(__shfl_xor_sync(full_mask, value_of(t), 5), value_of(t ^ 5));
    EXPECT_EQ(__shfl_up_sync(full_mask, value_of(t), 3), value_of(l >= 3 ? t - 3 : t));
    EXPECT_EQ(__shfl_down_sync(full_mask, value_of(t), 3), value_of(l < 29 ? t + 3 : t));
    EXPECT_EQ(__shfl_up_sync(full_mask, value_of(t), 3, 16), value_of(l % 16 >= 3 ? t - 3 : t));
    EXPECT_EQ(__shfl_down_sync(full_mask, value_of(t), 3, 16), value_of(l % 16 < 13 ? t + 3 : t));
    EXPECT_EQ(__shfl_sync(full_mask, static_cast<double>(t), 4), static_cast<double>(first + 4));
    EXPECT_EQ(__shfl_xor_sync(full_mask, static_cast<std::uint64_t>(t) << 40, 1), static_cast<std::uint64_t>(t ^ 1)
                                                                                      << 40);
    EXPECT_EQ(__shfl_sync(full_mask, -static_cast<int>(t), 0), -static_cast<int>(first));
  });
}

TEST(Warp, VotesCountEveryNamedLane) {
  run_everywhere({.kernel = "votes", .block = 64}, [] {
    const unsigned l = lane();
    EXPECT_EQ(__ballot_sync(full_mask, l % 3 == 0), 0x49249249U);
    EXPECT_EQ(__any_sync(full_mask, l == 31), 1);
    EXPECT_EQ(__any_sync(full_mask, 0), 0);
    EXPECT_EQ(__all_sync(full_mask, l < 32), 1);
    EXPECT_EQ(__all_sync(full_mask, l != 17), 0);
    EXPECT_EQ(__match_any_sync(full_mask, l % 4), 0x11111111U << l % 4);
    EXPECT_EQ(__match_any_sync(full_mask, static_cast<std::uint64_t>(l / 16) << 50), l < 16 ? 0xFFFFU : 0xFFFF0000U);
  });
}

TEST(Warp, ReductionsFoldEveryNamedLane) {
  run_everywhere({.kernel = "reductions", .block = 32}, [] {
    const unsigned l = lane();
    const int s = static_cast<int>(l) - 16;
    EXPECT_EQ(__reduce_add_sync(full_mask, l), 496U);
    EXPECT_EQ(__reduce_add_sync(full_mask, s), -16);
    EXPECT_EQ(__reduce_max_sync(full_mask, s), 15);
    EXPECT_EQ(__reduce_min_sync(full_mask, s), -16);
    EXPECT_EQ(__reduce_max_sync(full_mask, static_cast<unsigned>(s)), 0xFFFFFFFFU);
    EXPECT_EQ(__reduce_min_sync(full_mask, static_cast<unsigned>(s)), 0U);
    EXPECT_EQ(__reduce_or_sync(full_mask, 1U << l), 0xFFFFFFFFU);
    EXPECT_EQ(__reduce_and_sync(full_mask, ~(l == 5 ? 1U << 9 : 0U)), ~(1U << 9));
  });
}

TEST(Warp, DisjointMasksMeetSeparately) {
  run_everywhere({.kernel = "masks", .block = 32}, [] {
    const unsigned l = lane();
    const unsigned mask = l < 8 ? 0xFFU : l < 20 ? 0xFFF00U : 0xFFF00000U;
    for (int round = 0; round < 5; ++round)
      EXPECT_EQ(__reduce_add_sync(mask, 1U), static_cast<unsigned>(std::popcount(mask)));
    __syncwarp();
    EXPECT_EQ(__ballot_sync(full_mask, 1), full_mask);
  });
}

TEST(Warp, LanesThatExitedAreNotWaitedFor) {
  run_everywhere({.kernel = "exited", .block = 32}, [] {
    if (lane() >= 10) return;
    EXPECT_EQ(__ballot_sync(full_mask, 1), 0x3FFU);
    EXPECT_EQ(__reduce_add_sync(full_mask, 2U), 20U);
  });
}

TEST(Warp, ValuesWrittenAcrossLanesAreSeenAfterSyncwarp) {
  run_everywhere({.kernel = "syncwarp", .block = 64}, [] {
    auto& words = shared<std::array<unsigned, 64>>();
    for (unsigned round = 0; round < 4; ++round) {
      words[threadIdx.x] = threadIdx.x + round;
      __syncwarp();
      EXPECT_EQ(words[threadIdx.x ^ 9], (threadIdx.x ^ 9) + round);
      __syncwarp();
    }
  });
}

TEST(Warp, LaneOrderDependsOnTheSeedAlone) {
  const auto order_of = [](std::uint64_t seed) {
    std::vector<unsigned> order;
    EXPECT_EQ(run_kernel({.kernel = "order", .grid = 3, .block = 64}, seed,
                         [&] { order.push_back(blockIdx.x * 64 + threadIdx.x); }),
              "");
    return order;
  };
  EXPECT_EQ(order_of(5), order_of(5));
  EXPECT_NE(order_of(5), order_of(6));
  const auto ascending = order_of(0);
  EXPECT_TRUE(std::is_sorted(ascending.begin(), ascending.end()));
  auto any = order_of(7);
  std::sort(any.begin(), any.end());
  EXPECT_EQ(any, ascending) << "every thread of every block runs once";
}

}  // namespace
}  // namespace topkit::test
