// One row in parts: by columns where the winners are few, by ranks where they are many.
#include "cpu/parts.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <cstring>
#include <random>
#include <vector>

#include "support/oracle.hpp"
#include "support/pools.hpp"

namespace topkit::test {
namespace {

struct Case {
  std::int64_t cols, k, col_stride;
  int parts;
  Order order;
  bool ids;
  int distinct;  // values are drawn from so many
};

void check(const Case& c) {
  SCOPED_TRACE(testing::Message() << c.cols << " columns " << c.col_stride << " apart, k = " << c.k << ", " << c.parts
                                  << " parts, order " << name(c.order) << ", " << c.distinct << " values, ids "
                                  << c.ids);
  std::mt19937 random(static_cast<unsigned>(c.cols + c.k + c.parts));
  constexpr std::int64_t kRows = 2;
  std::vector<float> x(static_cast<std::size_t>(kRows * c.cols * c.col_stride));
  for (float& value : x) value = static_cast<float>(random() % static_cast<unsigned>(c.distinct)) - 3;
  std::vector<std::int32_t> ids(static_cast<std::size_t>(c.cols));
  for (std::size_t i = 0; i < ids.size(); ++i) ids[i] = static_cast<std::int32_t>(7 * i + 5);
  const std::int32_t lengths[kRows] = {static_cast<std::int32_t>(c.cols), static_cast<std::int32_t>(c.cols / 2 + 1)};

  Args args;
  args.problem = {.index_type = IndexType::i32,
                  .order = c.order,
                  .has_ids = c.ids,
                  .has_lengths = true,
                  .rows = kRows,
                  .cols = c.cols,
                  .k = c.k,
                  .layout = {.outer_stride = c.cols * c.col_stride, .col_stride = c.col_stride}};
  std::vector<float> values(static_cast<std::size_t>(kRows * c.k));
  std::vector<std::int32_t> indices(values.size());
  args.x = x.data();
  args.values = values.data();
  args.indices = indices.data();
  args.values_layout = args.indices_layout = {.outer_stride = c.k};
  if (c.ids) args.ids = ids.data();
  args.lengths = {.data = lengths};
  const float fill = -1e9F;
  std::memcpy(&args.fill, &fill, 4);

  for (const Algorithm algorithm : {Algorithm::maxima, Algorithm::sampled, Algorithm::split})
    for (const cpu::Pool& pool : {cpu::Pool{}, cpu::Pool{backwards, nullptr}, cpu::Pool{three_threads, nullptr}}) {
      std::fill(indices.begin(), indices.end(), -7);
      cpu::run(
          {.algorithm = algorithm, .isa = Isa::scalar, .threads = c.parts, .rows_per_task = 1, .row_parts = c.parts},
          args, pool);
      for (std::int64_t r = 0; r < kRows; ++r) {
        const float* row = x.data() + r * c.cols * c.col_stride;
        auto expected = oracle_row(DType::f32, row, c.col_stride, 0, lengths[r], c.k, true, Nan::largest);
        std::vector<std::int64_t> got;
        for (std::int64_t j = 0; j < c.k; ++j) {
          const auto place = static_cast<std::size_t>(r * c.k + j);
          if (j >= std::ssize(expected)) {
            ASSERT_EQ(indices[place], -1);
            ASSERT_EQ(values[place], fill);
            continue;
          }
          const std::int64_t column = c.ids ? (indices[place] - 5) / 7 : indices[place];
          got.push_back(column);
          ASSERT_TRUE(column >= 0 && column < lengths[r]);
          ASSERT_EQ(values[place], row[column * c.col_stride]);
        }
        if (c.order != Order::value) std::sort(expected.begin(), expected.end());
        if (c.order == Order::any) std::sort(got.begin(), got.end());
        ASSERT_EQ(got, expected);
      }
    }
}

TEST(Parts, FewWinnersOfPartsOfTheColumnsAreTheRowsOwn) {
  for (const Order order : {Order::value, Order::index, Order::any})
    for (const int parts : {2, 3, 7})
      for (const int distinct : {2, 1000000}) {
        check({.cols = 20000,
               .k = 50,
               .col_stride = 1,
               .parts = parts,
               .order = order,
               .ids = parts == 3,
               .distinct = distinct});
        check({.cols = 5001,
               .k = 1,
               .col_stride = 1,
               .parts = parts,
               .order = order,
               .ids = false,
               .distinct = distinct});
      }
}

TEST(Parts, ManyWinnersAreSharedByRank) {
  for (const Order order : {Order::value, Order::index, Order::any})
    for (const int parts : {2, 3})
      for (const int distinct : {2, 11, 1000000})
        for (const std::int64_t k : {3000, 8191, 10000})
          check({.cols = 10000,
                 .k = k,
                 .col_stride = 1,
                 .parts = parts,
                 .order = order,
                 .ids = parts == 2,
                 .distinct = distinct});
}

TEST(Parts, ColumnsThatLieApartAreGatheredPartByPart) {
  for (const Order order : {Order::value, Order::any})
    for (const std::int64_t k : {20, 4000})
      check({.cols = 9000, .k = k, .col_stride = 3, .parts = 4, .order = order, .ids = true, .distinct = 5000});
}

}  // namespace
}  // namespace topkit::test
