// Every CUDA algorithm at the sizes where its paths change over, all options drawn anew for each.
#include <set>
#include <vector>

#include "engines.hpp"
#include "support/all_types.hpp"

namespace topkit::test::sizes_test {
namespace {

class CudaSizes : public ForEveryType {};
INSTANTIATE_TEST_SUITE_P(AllTypes, CudaSizes, every_type(), type_name);

std::uint64_t seed_of(int type, std::int64_t cols, std::int64_t k) {
  return static_cast<std::uint64_t>((type * 1000003 + cols) * 31 + k);
}

TEST_P(CudaSizes, rows_of_a_warp_or_less) {
  for (std::int64_t n = 0; n <= 70; ++n) {
    if (!takes(GetParam(), n)) continue;
    for (const std::int64_t k : std::set<std::int64_t>{std::min<std::int64_t>(n, 1), n / 3, n})
      ASSERT_TRUE(cuda_matches(for_cuda(drawn(dtype(), 1 + n % 3, n, k, seed_of(GetParam(), n, k)))));
  }
}

TEST_P(CudaSizes, rows_around_powers_of_two) {
  for (const std::int64_t power : {128, 256, 512, 1024, 2048}) {
    for (const std::int64_t n : {power - 1, power, power + 1})
      for (const std::int64_t k : std::set<std::int64_t>{1, 10, 33, n / 2})
        if (takes(GetParam(), n + k)) {
          ASSERT_TRUE(cuda_matches(for_cuda(drawn(dtype(), 3, n, k, seed_of(GetParam(), n, k)))));
        }
  }
}

TEST_P(CudaSizes, rows_of_a_block) {
  for (const std::int64_t n : {3000, 4096, 8191, 16384})
    for (const std::int64_t k : std::set<std::int64_t>{1, 64, 130, 1000, n})
      if (takes(GetParam(), n + k)) {
        ASSERT_TRUE(cuda_matches(for_cuda(drawn(dtype(), 2, n, k, seed_of(GetParam(), n, k)))));
      }
}

TEST_P(CudaSizes, rows_of_a_cluster) {
  for (const auto& [n, k] : {std::pair{32000, 40}, {50304, 200}, {70000, 2048}})
    if (takes(GetParam(), n, 3)) {
      ASSERT_TRUE(cuda_matches(for_cuda(drawn(dtype(), 1, n, k, seed_of(GetParam(), n, k))), kWhole));
    }
}

}  // namespace
}  // namespace topkit::test::sizes_test
