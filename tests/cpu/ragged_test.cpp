// Rows that differ: lengths, starts, k by row, ids, fill.
#include "support/all_types.hpp"
#include "support/trial.hpp"

namespace topkit::test {
namespace {

class Ragged : public ForEveryType {};
INSTANTIATE_TEST_SUITE_P(AllTypes, Ragged, every_type(), type_name);

TEST_P(Ragged, rows_are_padded_with_minus_one_and_the_fill_value) {
  for (const auto& [cols, k] : {std::pair{1, 1}, {9, 3}, {64, 64}, {200, 16}, {1000, 33}, {1000, 1010}, {6000, 900}}) {
    for (int choice = 0; choice < 16; ++choice) {
      ASSERT_TRUE(all_engines_match(ragged(dtype(), cols < 1000 ? 24 : 8, cols, k, choice)));
    }
  }
}

TEST_P(Ragged, ids_are_written_in_place_of_columns_and_never_decide) {
  for (const std::int64_t cols : {5, 129, 1000, 7000}) {
    for (const Ids ids : {Ids::per_column, Ids::per_place}) {
      for (const IndexType type : {IndexType::i32, IndexType::i64}) {
        for (const bool lengths : {false, true}) {
          Request request{.dtype = dtype(), .rows = 5, .cols = cols, .k = cols / 5};
          request.ids = ids, request.index_type = type, request.lengths = lengths;
          request.distribution = "few_distinct";
          request.order = lengths ? Order::index : Order::value;
          ASSERT_TRUE(all_engines_match(request));
        }
      }
    }
  }
}

}  // namespace
}  // namespace topkit::test
