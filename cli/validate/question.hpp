// One call of tk_topk with its input and the only right answer to it, by the tests' oracle: a stable sort.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "problem.hpp"
#include "topkit/topkit.h"

namespace topkit::cli::validate {

struct Check {
  DType dtype = DType::f32;
  std::int64_t rows = 1, cols = 1, k = 1;
  bool largest = true;
  Nan nan = Nan::largest;
  Order order = Order::value;
  IndexType index_type = IndexType::i64;
  bool ragged = false;  // per-row lengths, some of them below k
  std::string_view distribution = "normal";
  std::uint64_t seed = 1;
};

std::string to_string(const Check& check);

// Every type with every distribution on shapes of every algorithm; the options are drawn from the seed, so that all pairs of
// them meet. share: only so large a part of the list, 1: all.
std::vector<Check> checks(std::uint64_t seed, double share);

class Question {
 public:
  explicit Question(const Check& check);

  const Check& check() const { return check_; }
  const std::vector<std::byte>& x() const { return x_; }
  const std::vector<std::int64_t>& lengths() const { return lengths_; }  // empty unless ragged
  std::size_t value_bytes() const;
  std::size_t index_bytes() const;

  // "" when these are the winners, bit for bit; else what is wrong.
  std::string complaint(const std::byte* values, const std::byte* indices) const;

 private:
  std::string row_complaint(std::int64_t row, const std::byte* values, std::vector<std::int64_t> found) const;

  Check check_;
  std::vector<std::byte> x_;
  std::vector<std::int64_t> lengths_;
  std::vector<std::vector<std::int64_t>> expected_;  // columns, as long as the row has winners
};

}  // namespace topkit::cli::validate
