// What only the radix kernel has: rows that shared memory does not hold, winners sorted in the workspace.
#include <random>

#include "cuda/radix_shape.hpp"
#include "direct.hpp"

namespace topkit::test {
namespace {

std::size_t workspace_of(std::int64_t rows, std::int64_t cols, std::int64_t k) {
  Problem problem{.dtype = DType::u32};
  problem.rows = rows;
  problem.cols = cols;
  problem.k = k;
  return cuda::radix_shape(problem).workspace_bytes;
}

TEST(TopkRadix, winners_beyond_shared_memory_are_sorted_in_the_workspace) {
  std::mt19937 random(1);
  for (const std::int64_t k : {4097, 6000, 9000}) {
    const std::size_t bytes = workspace_of(2, 9000, k);
    ASSERT_GT(bytes, 0U);
    for (const std::uint32_t mask : {0xffffffffU, 0xff00ff00U, 7U, 0U}) {
      std::vector<std::uint32_t> rows(2 * 9000);
      for (std::uint32_t& element : rows) element = static_cast<std::uint32_t>(random()) & mask;
      ASSERT_TRUE(matches_oracle(cuda::run_radix, DType::u32, rows, 9000, k, 0, k, bytes));
      ASSERT_TRUE(matches_oracle(cuda::run_radix, DType::f32, rows, 9000, k, 1, k, bytes));
    }
  }
}

TEST(TopkRadix, rows_beyond_shared_memory_are_read_digit_by_digit) {
  std::mt19937 random(2);
  for (const std::int64_t k : {1, 100, 4096}) {
    ASSERT_EQ(workspace_of(1, 40000, k), 0U);
    for (const std::uint32_t mask : {0xffffffffU, 0x00ffff00U, 3U}) {
      std::vector<std::uint32_t> rows(40000);
      for (std::uint32_t& element : rows) element = static_cast<std::uint32_t>(random()) & mask;
      ASSERT_TRUE(matches_oracle(cuda::run_radix, DType::u32, rows, 40000, k, 0, k));
    }
  }
}

}  // namespace
}  // namespace topkit::test
