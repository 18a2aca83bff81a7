// What must hold of every selection, whatever the input: found by drawing inputs at random and shrinking those that
// fail.
#include <gtest/gtest.h>
#include <rapidcheck.h>

#include <algorithm>
#include <cstdint>
#include <numeric>
#include <random>
#include <vector>

#include "topkit/topkit.h"

namespace topkit::test {
namespace {

struct Answer {
  std::vector<float> values;
  std::vector<std::int64_t> indices;
  bool operator==(const Answer&) const = default;
};

DLTensor tensor(void* data, std::vector<std::int64_t>& shape, int code, int bits) {
  return {.data = data,
          .device = {kDLCPU, 0},
          .ndim = static_cast<std::int32_t>(shape.size()),
          .dtype = {static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(bits), 1},
          .shape = shape.data(),
          .strides = nullptr,
          .byte_offset = 0};
}

tk_options options_of(bool largest, int threads = 1) {
  tk_options options;
  tk_options_init(&options);
  options.largest = largest ? 1 : 0;
  options.threads = threads;
  return options;
}

Answer select(std::vector<float> x, std::int64_t rows, std::int64_t k, const tk_options& options) {
  Answer answer{std::vector<float>(static_cast<std::size_t>(rows * k)),
                std::vector<std::int64_t>(static_cast<std::size_t>(rows * k))};
  std::vector<std::int64_t> in{rows, rows == 0 ? 0 : std::ssize(x) / rows}, out{rows, k};
  const DLTensor input = tensor(x.data(), in, kDLFloat, 32);
  DLTensor values = tensor(answer.values.data(), out, kDLFloat, 32);
  DLTensor indices = tensor(answer.indices.data(), out, kDLInt, 64);
  RC_ASSERT(tk_topk(&input, k, &options, &values, &indices, nullptr, nullptr) == TK_OK);
  return answer;
}

// Rows whose values repeat often, seldom or never.
std::vector<float> any_row(std::int64_t cols) {
  const int spread = *rc::gen::element(3, 50, 1000000);
  std::vector<float> row;
  std::mt19937 random(*rc::gen::arbitrary<std::uint32_t>());
  for (std::int64_t i = 0; i < cols; ++i)
    row.push_back(static_cast<float>(static_cast<int>(random() % static_cast<std::uint32_t>(spread)) - spread / 2));
  return row;
}

std::int64_t any_size() { return *rc::gen::element(1, 2, 10, 100, 1000, 10000) + *rc::gen::inRange(0, 300); }

template <class Property>
void holds(const char* words, Property&& property) {
  EXPECT_TRUE(rc::check(words, std::forward<Property>(property)));
}

TEST(Properties, the_values_do_not_depend_on_the_order_of_the_row) {
  holds("values of a permuted row", [] {
    std::vector<float> row = any_row(any_size());
    const std::int64_t k = *rc::gen::inRange<std::int64_t>(0, std::ssize(row) + 1);
    const tk_options options = options_of(*rc::gen::arbitrary<bool>());
    const Answer before = select(row, 1, k, options);
    std::vector<std::size_t> order(row.size());
    std::iota(order.begin(), order.end(), std::size_t{0});
    std::shuffle(order.begin(), order.end(), std::mt19937(*rc::gen::arbitrary<std::uint32_t>()));
    std::vector<float> permuted;
    for (const std::size_t i : order) permuted.push_back(row[i]);
    const Answer after = select(permuted, 1, k, options);
    RC_ASSERT(before.values == after.values);
    for (std::int64_t j = 0; j < k; ++j) {
      const auto place = static_cast<std::size_t>(j);
      RC_ASSERT(permuted[static_cast<std::size_t>(after.indices[place])] == after.values[place]);
    }
  });
}

TEST(Properties, a_smaller_k_is_a_prefix_of_a_larger_one) {
  holds("prefix", [] {
    const std::vector<float> row = any_row(any_size());
    const std::int64_t k = *rc::gen::inRange<std::int64_t>(0, std::ssize(row) + 1);
    const std::int64_t less = *rc::gen::inRange<std::int64_t>(0, k + 1);
    const tk_options options = options_of(*rc::gen::arbitrary<bool>());
    Answer all = select(row, 1, k, options);
    all.values.resize(static_cast<std::size_t>(less));
    all.indices.resize(static_cast<std::size_t>(less));
    RC_ASSERT(all == select(row, 1, less, options));
  });
}

TEST(Properties, the_smallest_are_the_largest_of_the_negated_row) {
  holds("negation", [] {
    const std::vector<float> row = any_row(any_size());
    const std::int64_t k = *rc::gen::inRange<std::int64_t>(0, std::ssize(row) + 1);
    std::vector<float> negated;
    for (const float value : row) negated.push_back(-value);
    RC_ASSERT(select(row, 1, k, options_of(false)).indices == select(negated, 1, k, options_of(true)).indices);
  });
}

TEST(Properties, a_row_does_not_know_its_place_in_the_batch_nor_the_threads) {
  holds("batch place and threads", [] {
    const std::int64_t cols = any_size();
    const std::int64_t rows = *rc::gen::inRange<std::int64_t>(1, 12);
    const std::int64_t k = *rc::gen::inRange<std::int64_t>(0, std::min<std::int64_t>(cols, 300) + 1);
    const std::int64_t place = *rc::gen::inRange<std::int64_t>(0, rows);
    const std::vector<float> row = any_row(cols);
    std::vector<float> batch = any_row(rows * cols);
    std::copy(row.begin(), row.end(), batch.begin() + place * cols);
    const Answer alone = select(row, 1, k, options_of(true));
    const Answer together = select(batch, rows, k, options_of(true, *rc::gen::element(1, 2, 3, 8)));
    RC_ASSERT(std::equal(alone.indices.begin(), alone.indices.end(), together.indices.begin() + place * k));
    RC_ASSERT(std::equal(alone.values.begin(), alone.values.end(), together.values.begin() + place * k));
  });
}

TEST(Properties, every_index_occurs_once_when_k_is_the_whole_row) {
  holds("a permutation", [] {
    const std::vector<float> row = any_row(any_size());
    Answer answer = select(row, 1, std::ssize(row), options_of(*rc::gen::arbitrary<bool>()));
    std::sort(answer.indices.begin(), answer.indices.end());
    for (std::size_t i = 0; i < row.size(); ++i) RC_ASSERT(answer.indices[i] == static_cast<std::int64_t>(i));
  });
}

TEST(Properties, merging_the_parts_of_a_row_is_selecting_from_the_row) {
  holds("concatenation = merge", [] {
    const std::int64_t parts = *rc::gen::inRange<std::int64_t>(1, 9);
    const std::int64_t rows = *rc::gen::inRange<std::int64_t>(1, 4);
    const std::int64_t width = any_size();
    const std::int64_t k = *rc::gen::inRange<std::int64_t>(0, std::min<std::int64_t>(width, 200) + 1);
    const tk_options options = options_of(*rc::gen::arbitrary<bool>());
    const std::vector<float> whole = any_row(rows * parts * width);

    std::vector<float> values;
    std::vector<std::int64_t> ids;
    for (std::int64_t p = 0; p < parts; ++p) {
      std::vector<float> part;
      for (std::int64_t r = 0; r < rows; ++r) {
        const auto begin = whole.begin() + (r * parts + p) * width;
        part.insert(part.end(), begin, begin + width);
      }
      Answer answer = select(std::move(part), rows, k, options);
      for (std::int64_t& index : answer.indices) index += p * width;
      values.insert(values.end(), answer.values.begin(), answer.values.end());
      ids.insert(ids.end(), answer.indices.begin(), answer.indices.end());
    }
    Answer merged{std::vector<float>(static_cast<std::size_t>(rows * k)),
                  std::vector<std::int64_t>(static_cast<std::size_t>(rows * k))};
    std::vector<std::int64_t> in{parts, rows, k}, out{rows, k};
    const DLTensor part_values = tensor(values.data(), in, kDLFloat, 32), part_ids = tensor(ids.data(), in, kDLInt, 64);
    DLTensor merged_values = tensor(merged.values.data(), out, kDLFloat, 32);
    DLTensor merged_ids = tensor(merged.indices.data(), out, kDLInt, 64);
    RC_ASSERT(tk_merge_topk(&part_values, &part_ids, k, &options, &merged_values, &merged_ids, nullptr, nullptr) ==
              TK_OK);
    RC_ASSERT(merged == select(whole, rows, k, options));
  });
}

}  // namespace
}  // namespace topkit::test
