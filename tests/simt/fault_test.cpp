// What a device leaves undefined, the stand-in reports: which kernel, who, where.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <array>

#include "cuda/simt/fiber.hpp"
#include "run.hpp"

namespace topkit::test {
namespace {

using namespace topkit::cuda;
using testing::AllOf;
using testing::HasSubstr;

// Every seed must report it: none of these depends on luck.
template <class Matcher>
void expect_fault(const LaunchShape& shape, const Matcher& matcher, const std::function<void()>& body) {
  for (const std::uint64_t seed : kSeeds) EXPECT_THAT(run_kernel(shape, seed, body), matcher) << "seed " << seed;
}

TEST(Fault, ABarrierThatHalfTheBlockReachesIsADeadlock) {
  expect_fault({.kernel = "half", .block = 64},
               AllOf(HasSubstr("kernel half"), HasSubstr("deadlock"), HasSubstr("32 threads wait at __syncthreads"),
                     HasSubstr("fault_test.cpp"), HasSubstr("32 threads wait at block_sync")),
               [] {
                 if (threadIdx.x < 32)
                   __syncthreads();
                 else
                   block_sync(1, 64);
               });
}

TEST(Fault, ABarrierInADivergentBranchIsReportedWithBothPlaces) {
  expect_fault({.kernel = "branch", .block = 64}, AllOf(HasSubstr("divergence"), HasSubstr("__syncthreads")), [] {
    if (threadIdx.x % 2 == 0)
      __syncthreads();
    else
      __syncthreads();
  });
}

TEST(Fault, AWarpOperationThatOneLaneMissesIsADeadlock) {
  expect_fault({.kernel = "missing lane", .block = 64},
               AllOf(HasSubstr("deadlock"), HasSubstr("31 threads wait at __ballot_sync (mask ffffffff"),
                     HasSubstr("33 threads wait at __syncthreads")),
               [] {
                 if (threadIdx.x != 40) __ballot_sync(full_mask, 1);
                 __syncthreads();
               });
}

TEST(Fault, DifferentWarpOperationsDoNotMeet) {
  expect_fault({.kernel = "mixed", .block = 32}, AllOf(HasSubstr("divergence"), HasSubstr("lanes")), [] {
    if (lane() < 16)
      __shfl_sync(full_mask, 1, 0);
    else
      __reduce_add_sync(full_mask, 1U);
  });
}

TEST(Fault, ALaneOutsideItsOwnMaskIsReported) {
  expect_fault({.kernel = "outside", .block = 32}, HasSubstr("does not name the lane that calls"),
               [] { __ballot_sync(0xFFFFU, 1); });
}

TEST(Fault, AShuffleFromALaneThatExitedBringsGarbage) {
  for (const std::uint64_t seed : kSeeds)
    EXPECT_EQ(run_kernel({.kernel = "gone", .block = 32}, seed,
                         [] {
                           if (lane() == 3) return;
                           EXPECT_NE(__shfl_sync(full_mask, lane(), 3), 3U);
                         }),
              "");
}

TEST(Fault, SharedMemoryOfAnotherBlockNeedsABarrierFirst) {
  expect_fault({.kernel = "early", .grid = 2, .block = 32, .cluster = 2}, HasSubstr("before any cluster barrier"), [] {
    auto& word = shared<unsigned>();
    cluster_load(&word, 1 - cluster_rank());
  });
}

TEST(Fault, ABlockMustNotExitWhileItsMemoryMayBeRead) {
  expect_fault({.kernel = "late", .grid = 2, .block = 32, .cluster = 2}, HasSubstr("exit"), [] {
    auto& word = shared<unsigned>();
    cluster_sync();
    if (cluster_rank() == 1) cluster_load(&word, 0);
  });
}

TEST(Fault, AWriteThroughAnOldPointerIntoAnExitedBlockIsFound) {
#ifdef TOPKIT_SIMT_ASAN
  GTEST_SKIP() << "AddressSanitizer stops at the write itself";
#endif
  expect_fault({.kernel = "stale", .grid = 2, .block = 32, .cluster = 2}, HasSubstr("was written after it had exited"),
               [] {
                 auto& word = shared<unsigned>();
                 cluster_sync();
                 unsigned* twin = map_shared(&word, 0);
                 cluster_sync();
                 if (cluster_rank() == 0) return;
                 __syncwarp();
                 for (int i = 0; i < 64; ++i) cluster_sync();
                 *twin = 5;
               });
}

TEST(Fault, ClusterBarrierHalvesMustAlternate) {
  expect_fault({.kernel = "twice", .grid = 2, .block = 32, .cluster = 2}, HasSubstr("twice without cluster_wait"), [] {
    cluster_arrive();
    cluster_arrive();
  });
  expect_fault({.kernel = "never", .grid = 2, .block = 32, .cluster = 2}, HasSubstr("without cluster_arrive"),
               [] { cluster_wait(); });
}

TEST(Fault, AClusterBarrierThatOneBlockMissesIsADeadlock) {
  expect_fault({.kernel = "alone", .grid = 2, .block = 64, .cluster = 2},
               AllOf(HasSubstr("deadlock"), HasSubstr("cluster_wait"), HasSubstr("__syncthreads")), [] {
                 if (cluster_rank() == 0)
                   cluster_sync();
                 else if (threadIdx.x < 32)
                   __syncthreads();
                 else
                   cluster_sync();
               });
}

TEST(Fault, PointersOutsideSharedMemoryCannotBeMapped) {
  unsigned global = 0;
  expect_fault({.kernel = "global", .grid = 2, .block = 32, .cluster = 2}, HasSubstr("not into the caller's shared"),
               [&] {
                 cluster_sync();
                 map_shared(&global, 0);
               });
}

TEST(Fault, MisalignedAccessIsReported) {
  alignas(16) std::array<unsigned char, 64> bytes{};
  expect_fault({.kernel = "misaligned", .block = 1}, HasSubstr("not 16-byte aligned"),
               [&] { load_once(reinterpret_cast<const uint4*>(&bytes[4])); });
  expect_fault({.kernel = "misaligned copy", .block = 1, .shared_bytes = 64}, HasSubstr("not 16-byte aligned"),
               [&] { async_copy16(dynamic_shared<unsigned char>(), &bytes[8]); });
}

TEST(Fault, TooMuchSharedMemoryIsRefused) {
  EXPECT_THAT(run_kernel({.kernel = "big", .block = 32, .shared_bytes = 228 * 1024}, 0, [] {}),
              HasSubstr("cannot be launched"));
  struct Large {
    unsigned char bytes[50 * 1024];
  };
  EXPECT_THAT(run_kernel({.kernel = "static", .block = 32}, 0, [] { shared<Large>(); }),
              HasSubstr("static shared memory"));
}

TEST(Fault, LaunchesThatADeviceRefusesAreRefused) {
  EXPECT_THAT(run_kernel({.kernel = "wide", .block = 1025}, 0, [] {}), HasSubstr("cannot be launched"));
  EXPECT_THAT(run_kernel({.kernel = "none", .grid = 0}, 0, [] {}), HasSubstr("cannot be launched"));
  EXPECT_THAT(run_kernel({.kernel = "uneven", .grid = 3, .cluster = 2}, 0, [] {}), HasSubstr("cannot be launched"));
}

TEST(Fault, TheMachineWorksAfterAFault) {
  EXPECT_NE(run_kernel({.kernel = "bad", .block = 64}, 1, [] { __ballot_sync(1, 1); }), "");
  EXPECT_EQ(run_kernel({.kernel = "good", .block = 64}, 1, [] { __syncthreads(); }), "");
}

}  // namespace
}  // namespace topkit::test
