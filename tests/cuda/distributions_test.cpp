// Every input that breaks some method, in the plain orders callers use most.
#include "distributions.hpp"

#include "engines.hpp"
#include "support/all_types.hpp"

namespace topkit::test::distributions_test {
namespace {

class CudaDistributions : public ForEveryType {};
INSTANTIATE_TEST_SUITE_P(AllTypes, CudaDistributions, every_type(), type_name);

void every_distribution(int type, std::int64_t rows, std::int64_t cols, std::int64_t k, int stride = 7) {
  std::int64_t cell = 0;
  for (const bench::Distribution& distribution : bench::distributions()) {
    for (const bool largest : {true, false}) {
      if (!takes(type, cell++, stride)) continue;
      Request request{.dtype = static_cast<DType>(type), .rows = rows, .cols = cols, .k = k};
      request.largest = largest;
      request.index_type = largest ? IndexType::i64 : IndexType::i32;
      request.distribution = distribution.name;
      ASSERT_TRUE(cuda_matches(request));
    }
  }
}

TEST_P(CudaDistributions, short_rows) { every_distribution(GetParam(), 3, 700, 20); }
TEST_P(CudaDistributions, rows_of_a_block) { every_distribution(GetParam(), 1, 5000, 100); }

TEST(CudaLongRows, every_distribution_of_the_three_fast_types) {
  for (const DType dtype : {DType::f32, DType::f16, DType::bf16})
    every_distribution(static_cast<int>(dtype), 1, 40000, 64, 3);
}

}  // namespace
}  // namespace topkit::test::distributions_test
