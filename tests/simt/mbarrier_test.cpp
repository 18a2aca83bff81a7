// Mbarriers of the host stand-in: stores that arrive with their notice, and what happens to who does not wait for it.
#include <gtest/gtest.h>

#include "run.hpp"

namespace topkit::test {
namespace {

using namespace topkit::cuda;

struct Letters {
  Mbarrier came;
  std::uint32_t from[8];
  std::uint64_t wide[8];
};

constexpr unsigned kBlocks = 4;

void shake_hands(Letters& letters, unsigned arrivals) {
  if (threadIdx.x == 0) {
    mbarrier_init(&letters.came, arrivals);
    mbarrier_publish();
  }
  __syncwarp(full_mask);
  cluster_arrive_relaxed();
  cluster_wait();
}

TEST(Mbarrier, what_was_sent_is_there_after_the_wait) {
  run_everywhere({.kernel = "letters", .grid = 2 * kBlocks, .block = 64, .cluster = kBlocks}, [] {
    auto& letters = shared<Letters>();
    const unsigned rank = cluster_rank();
    shake_hands(letters, 1);
    if (threadIdx.x == 33) mbarrier_expect(&letters.came, rank, kBlocks * 12);
    if (threadIdx.x < kBlocks) {
      store_async(&letters.from[rank], threadIdx.x, 100 + rank, &letters.came);
      store_async(&letters.wide[rank], threadIdx.x, std::uint64_t{rank} << 40, &letters.came);
    }
    mbarrier_wait(&letters.came, 0);
    for (unsigned r = 0; r < kBlocks; ++r) {
      EXPECT_EQ(letters.from[r], 100 + r);
      EXPECT_EQ(letters.wide[r], std::uint64_t{r} << 40);
    }
  });
}

TEST(Mbarrier, senders_may_promise_for_themselves) {
  run_everywhere({.kernel = "promises", .grid = kBlocks, .block = 32, .cluster = kBlocks}, [] {
    auto& letters = shared<Letters>();
    const unsigned rank = cluster_rank();
    shake_hands(letters, kBlocks);
    if (threadIdx.x < rank) store_async(&letters.from[rank], 0, rank, &letters.came);
    if (threadIdx.x == 31) mbarrier_expect(&letters.came, 0, rank * 4);
    if (rank != 0) return;
    mbarrier_wait(&letters.came, 0);
    for (unsigned r = 1; r < kBlocks; ++r) EXPECT_EQ(letters.from[r], r);
  });
}

TEST(Mbarrier, before_the_wait_there_is_garbage) {
  run_kernel({.kernel = "impatient", .grid = 2, .block = 32, .cluster = 2}, 0, [] {
    auto& letters = shared<Letters>();
    const unsigned rank = cluster_rank();
    shake_hands(letters, 1);
    if (threadIdx.x == 0) {
      store_async(&letters.from[0], rank, 7U, &letters.came);
      EXPECT_NE(letters.from[0], 7U);
      mbarrier_expect(&letters.came, rank, 4);
    }
    __syncwarp(full_mask);
    mbarrier_wait(&letters.came, 0);
    EXPECT_EQ(letters.from[0], 7U);
  });
}

TEST(Mbarrier, a_promise_that_is_not_kept_is_a_deadlock) {
  for (const std::uint64_t seed : kSeeds) {
    const std::string fault = run_kernel({.kernel = "broken promise", .grid = 2, .block = 32, .cluster = 2}, seed, [] {
      auto& letters = shared<Letters>();
      shake_hands(letters, 1);
      if (threadIdx.x == 0) mbarrier_expect(&letters.came, cluster_rank(), 4);
      mbarrier_wait(&letters.came, 0);
    });
    EXPECT_NE(fault.find("mbarrier_wait"), std::string::npos) << fault;
  }
}

TEST(Mbarrier, a_block_that_leaves_before_its_letters_have_come_is_a_fault) {
  const std::string fault = run_kernel({.kernel = "early leaver", .grid = 2, .block = 32, .cluster = 2}, 0, [] {
    auto& letters = shared<Letters>();
    shake_hands(letters, 1);
    if (cluster_rank() == 0 && threadIdx.x == 0) store_async(&letters.from[0], 1, 1U, &letters.came);
  });
  EXPECT_NE(fault.find("exit"), std::string::npos) << fault;  // the sender or the leaver sees it first
}

TEST(Mbarrier, a_twin_before_the_handshake_is_a_fault) {
  const std::string fault = run_kernel({.kernel = "no handshake", .grid = 2, .block = 32, .cluster = 2}, 0, [] {
    auto& letters = shared<Letters>();
    if (threadIdx.x == 0) {
      mbarrier_init(&letters.came, 1);
      store_async(&letters.from[0], 1 - cluster_rank(), 1U, &letters.came);
    }
  });
  EXPECT_NE(fault.find("before any cluster barrier"), std::string::npos) << fault;
}

TEST(Mbarrier, a_letter_in_a_launch_without_a_cluster_is_a_fault) {
  const std::string fault = run_kernel({.kernel = "alone", .grid = 1, .block = 32}, 0, [] {
    auto& letters = shared<Letters>();
    shake_hands(letters, 1);
    if (threadIdx.x == 0) store_async(&letters.from[0], 0, 1U, &letters.came);
  });
  EXPECT_NE(fault.find("without a cluster"), std::string::npos) << fault;
}

}  // namespace
}  // namespace topkit::test
