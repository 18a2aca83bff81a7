// Rows that differ on CUDA: lengths, starts, k by row, ids, fill.
#include "engines.hpp"
#include "support/all_types.hpp"

namespace topkit::test::ragged_test {
namespace {

class CudaRagged : public ForEveryType {};
INSTANTIATE_TEST_SUITE_P(AllTypes, CudaRagged, every_type(), type_name);

TEST_P(CudaRagged, rows_are_padded_with_minus_one_and_the_fill_value) {
  for (const auto& [cols, k] : {std::pair{0, 2}, {1, 1}, {9, 3}, {64, 64}, {200, 16}, {1000, 1010}, {5000, 90}}) {
    for (int choice = 1; choice < 16; choice += 2) {
      if (!takes(GetParam(), choice / 2 + cols)) continue;
      ASSERT_TRUE(cuda_matches(ragged(dtype(), 9, cols, k, choice)));
    }
  }
}

TEST_P(CudaRagged, a_bound_that_too_many_pass_is_raised_in_parts_of_rows_too) {
  int turn = 0;
  for (const std::string_view distribution : {"all_equal", "ascending", "sawtooth", "padded", "all_minus_infinity"}) {
    for (const auto& [cols, k] : {std::pair{1024, 32}, {2048, 64}, {4096, 128}, {4096, 250}, {16384, 100}}) {
      if (!takes(GetParam(), ++turn)) continue;
      Request request = ragged(dtype(), 5, cols, k, 1 + 2 * (turn % 4));
      request.distribution = distribution;
      request.order = Order::value;
      ASSERT_TRUE(cuda_matches(request));
    }
  }
}

TEST_P(CudaRagged, ids_are_written_in_place_of_columns_and_never_decide) {
  for (const std::int64_t cols : {129, 6000}) {
    for (const Ids ids : {Ids::per_column, Ids::per_place}) {
      for (const IndexType type : {IndexType::i32, IndexType::i64}) {
        Request request{.dtype = dtype(), .rows = 3, .cols = cols, .k = 30};
        request.ids = ids, request.index_type = type, request.lengths = ids == Ids::per_place;
        request.distribution = "few_distinct";
        ASSERT_TRUE(cuda_matches(request));
      }
    }
  }
}

}  // namespace
}  // namespace topkit::test::ragged_test
