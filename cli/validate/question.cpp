#include "cli/validate/question.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "distributions.hpp"
#include "tests/support/oracle.hpp"
#include "text.hpp"

namespace topkit::cli::validate {
namespace {

struct Shape {
  std::int64_t rows, cols, k;
};
// Around what the algorithms change over at: first cache, registers of a warp, a block, a cluster; k of a part and of all.
constexpr std::array<Shape, 18> kShapes{{{1, 1, 1},
                                         {3, 17, 17},
                                         {64, 128, 4},
                                         {7, 257, 16},
                                         {5, 1000, 32},
                                         {2, 1024, 128},
                                         {1, 5000, 1},
                                         {3, 4096, 64},
                                         {2, 9000, 4500},
                                         {2, 16384, 256},
                                         {1, 20001, 600},
                                         {40, 8192, 50},
                                         {1, 50304, 50},
                                         {4, 50304, 5},
                                         {1, 65537, 2048},
                                         {1, 131072, 20},
                                         {1, 100000, 70000},
                                         {9, 3001, 3000}}};

std::int64_t index_at(const std::byte* data, std::int64_t place, IndexType type) {
  std::int32_t narrow = 0;
  std::int64_t wide = 0;
  if (type == IndexType::i64) {
    std::memcpy(&wide, data + place * 8, 8);
    return wide;
  }
  std::memcpy(&narrow, data + place * 4, 4);
  return narrow;
}

}  // namespace

std::string to_string(const Check& c) {
  return formatted("{} x {} {}, k = {}, {} {}, nan {}, order {}, {} indices{}, seed {}", c.rows, c.cols, name(c.dtype),
                   c.k, c.largest ? "largest of" : "smallest of", c.distribution, name(c.nan), name(c.order),
                   c.index_type == IndexType::i32 ? "i32" : "i64", c.ragged ? ", lengths by row" : "", c.seed);
}

std::vector<Check> checks(std::uint64_t seed, double share) {
  std::vector<Check> all;
  bench::Random random(seed);
  for (int type = 0; type < kDTypes; ++type)
    for (const bench::Distribution& distribution : bench::distributions())
      for (const Shape& shape : kShapes) {
        const std::uint64_t bits = random.bits();
        if (random.uniform() >= share) continue;
        all.push_back({.dtype = static_cast<DType>(type),
                       .rows = shape.rows,
                       .cols = shape.cols,
                       .k = shape.k,
                       .largest = bits % 3 != 0,
                       .nan = (bits >> 8 & 1) != 0 ? Nan::largest : Nan::last,
                       .order = static_cast<Order>((bits >> 16) % 3),
                       .index_type = (bits >> 24 & 1) != 0 ? IndexType::i32 : IndexType::i64,
                       .ragged = (bits >> 32) % 4 == 0,
                       .distribution = distribution.name,
                       .seed = bits >> 40});
      }
  return all;
}

Question::Question(const Check& check) : check_(check) {
  const auto size = static_cast<std::int64_t>(bytes(check.dtype));
  x_.resize(static_cast<std::size_t>(check.rows * check.cols * size));
  bench::Random random(check.seed);
  const bench::Distribution& distribution = *bench::find_distribution(check.distribution);
  for (std::int64_t r = 0; r < check.rows; ++r) {
    std::byte* const row = x_.data() + r * check.cols * size;
    bench::fill_row(distribution, check.dtype, check.seed, r, check.cols, row);
    std::int64_t length = check.cols;
    if (check.ragged) {
      const std::array<std::int64_t, 5> lengths{0, check.k - 1, check.k, check.cols, random.below(check.cols + 1)};
      length = lengths[static_cast<std::size_t>(random.below(5))];
      lengths_.push_back(length);
    }
    std::vector<std::int64_t>& winners =
        expected_.emplace_back(test::oracle_row(check.dtype, row, 1, 0, length, check.k, check.largest, check.nan));
    if (check.order != Order::value) std::sort(winners.begin(), winners.end());
  }
}

std::size_t Question::value_bytes() const {
  return static_cast<std::size_t>(check_.rows * check_.k * bytes(check_.dtype));
}

std::size_t Question::index_bytes() const {
  return static_cast<std::size_t>(check_.rows * check_.k * (check_.index_type == IndexType::i32 ? 4 : 8));
}

std::string Question::complaint(const std::byte* values, const std::byte* indices) const {
  for (std::int64_t r = 0; r < check_.rows; ++r) {
    std::vector<std::int64_t> found;
    for (std::int64_t j = 0; j < check_.k; ++j) found.push_back(index_at(indices, r * check_.k + j, check_.index_type));
    std::string text = row_complaint(r, values + r * check_.k * bytes(check_.dtype), std::move(found));
    if (!text.empty()) return text;
  }
  return "";
}

std::string Question::row_complaint(std::int64_t row, const std::byte* values, std::vector<std::int64_t> found) const {
  const std::vector<std::int64_t>& wanted = expected_[static_cast<std::size_t>(row)];
  const auto size = static_cast<std::int64_t>(bytes(check_.dtype));
  const DTypeInfo& type = info(check_.dtype);
  const std::uint64_t pad = check_.largest ? type.worst_of_largest : type.worst_of_smallest;
  for (std::size_t j = 0; j < found.size(); ++j) {
    const std::int64_t index = found[j];
    const bool winner = j < wanted.size();
    if (winner ? index < 0 || index >= check_.cols : index != -1)
      return formatted("row {}, place {}: index {}", row, j, index);
    const std::byte* value = values + static_cast<std::int64_t>(j) * size;
    const std::byte* source = x_.data() + (row * check_.cols + index) * size;
    if (winner ? std::memcmp(value, source, static_cast<std::size_t>(size)) != 0
               : std::memcmp(value, &pad, static_cast<std::size_t>(size)) != 0)  // little-endian
      return formatted("row {}, place {}: its value is not the bits of x at index {}", row, j, index);
  }
  found.resize(wanted.size());
  if (check_.order == Order::any) std::sort(found.begin(), found.end());
  for (std::size_t j = 0; j < wanted.size(); ++j)
    if (found[j] != wanted[j])
      return formatted("row {}, place {}: index {}, a stable sort has {}", row, j, found[j], wanted[j]);
  return "";
}

}  // namespace topkit::cli::validate
