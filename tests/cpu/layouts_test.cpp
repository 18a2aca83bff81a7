// Where rows and columns lie: padding, overlap, broadcast, strided columns, any axis, guard pages at both ends.
#include "support/all_types.hpp"
#include "support/trial.hpp"

namespace topkit::test {
namespace {

class Layouts : public ForEveryType {};
INSTANTIATE_TEST_SUITE_P(AllTypes, Layouts, every_type(), type_name);

TEST_P(Layouts, do_not_change_the_answer) {
  for (int shape = 0; shape < kShapes; ++shape) {
    for (const auto& [rows, cols, k] :
         {std::tuple{1, 77, 5}, {2, 1000, 40}, {6, 130, 130}, {34, 300, 7}, {4, 5000, 300}}) {
      for (const bool padded : {false, true}) {
        Request request{.dtype = dtype(), .rows = rows, .cols = cols, .k = k};
        request.shape = static_cast<Shape>(shape);
        request.padded_output = padded;
        request.index_type = padded ? IndexType::i32 : IndexType::i64;
        ASSERT_TRUE(all_engines_match(request));
      }
    }
  }
}

// Rows of every length end at a page that nobody may touch, or begin right behind one.
TEST_P(Layouts, no_byte_outside_the_tensors_is_touched) {
  const std::int64_t vector = 64 / bytes(dtype());
  for (const std::int64_t base : {8 * vector, 1024L, 4096L}) {
    for (std::int64_t n = base - 3; n <= base + vector + 1; n += vector > 32 ? 3 : 1) {
      for (const Edge edge : {Edge::end, Edge::start}) {
        Request request{.dtype = dtype(), .rows = 1, .cols = n, .k = std::min<std::int64_t>(n, 1 + n % 67)};
        request.edge = edge;
        request.largest = n % 2 == 0;
        ASSERT_TRUE(all_engines_match(request));
      }
    }
  }
}

// What lies in the gap between rows would win everywhere.
TEST_P(Layouts, values_between_rows_never_win) {
  for (std::int64_t n = 1; n < 200; n += 3) {
    Request request{.dtype = dtype(), .rows = 5, .cols = n, .k = (n + 1) / 2};
    request.shape = n % 2 == 0 ? Shape::padded : Shape::spread;
    request.largest = n % 3 == 0;
    ASSERT_TRUE(all_engines_match(request));
  }
}

}  // namespace
}  // namespace topkit::test
