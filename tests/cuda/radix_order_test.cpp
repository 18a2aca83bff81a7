// How candidates spread over the bins that put them into order.
#include "cuda/radix_order.cuh"

#include <gtest/gtest.h>

namespace topkit::cuda {
namespace {

// Better candidates are in no lower bins, and none is outside.
void expect_in_order(const CandidateBins& bins, Key key, std::uint32_t positions) {
  std::uint32_t last = kOrderBins - 1;
  for (std::uint32_t p = 0; p < positions; ++p) {
    const std::uint32_t bin = bins(candidate(key, p));
    ASSERT_LE(bin, last) << "position " << p;
    last = bin;
  }
}

TEST(CandidateBins, of_one_key_are_in_order_of_position) {
  expect_in_order(CandidateBins(candidate(7, 49999), candidate(7, 0), 16), 7, 50000);
}

// A piece of a bucket begins where a histogram's bin does, below every position that a candidate of the key can have.
TEST(CandidateBins, of_one_key_behind_a_bound_that_is_no_candidate) {
  const Candidate below = static_cast<Candidate>(7) << 32 | 0x0001f345U;
  expect_in_order(CandidateBins(below, candidate(7, 0), 16), 7, 50000);
}

TEST(CandidateBins, of_several_keys_behind_a_bound_that_is_no_candidate) {
  const Candidate below = static_cast<Candidate>(7) << 32 | 0x0001f345U;
  const CandidateBins bins(below, candidate(9, 0), 16);
  for (const Key key : {7U, 8U, 9U}) expect_in_order(bins, key, 50000);
  EXPECT_LT(bins(candidate(7, 0)), bins(candidate(8, 49999)));
}

}  // namespace
}  // namespace topkit::cuda
