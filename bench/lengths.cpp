#include "lengths.hpp"

#include <algorithm>
#include <array>
#include <numeric>

namespace topkit::bench {
namespace {

constexpr std::array<std::string_view, 6> kNames{"none", "full", "uniform", "short", "one_long", "bimodal"};

// splitmix64 of the row (Steele, Lea, Flood 2014).
std::uint64_t hash(std::int64_t row) {
  std::uint64_t z = (static_cast<std::uint64_t>(row) + 1) * 0x9e3779b97f4a7c15ULL;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
  return z ^ z >> 31;
}

std::int64_t length_of(const Case& c, std::int64_t row) {
  const std::int64_t few = std::max<std::int64_t>(c.cols / 16, 1);
  if (c.lengths == "uniform") return 1 + static_cast<std::int64_t>(hash(row) % static_cast<std::uint64_t>(c.cols));
  if (c.lengths == "short") return few;
  if (c.lengths == "one_long") return row == c.rows / 2 ? c.cols : few;
  if (c.lengths == "bimodal") return hash(row) % 2 == 0 ? few : c.cols;
  return c.cols;
}

}  // namespace

bool is_lengths(std::string_view name) { return std::find(kNames.begin(), kNames.end(), name) != kNames.end(); }

std::string all_lengths() {
  std::string text;
  for (const std::string_view name : kNames) text += (text.empty() ? "" : ", ") + std::string(name);
  return text;
}

std::vector<std::int32_t> lengths_of(const Case& c) {
  std::vector<std::int32_t> lengths;
  if (c.lengths.empty()) return lengths;
  for (std::int64_t row = 0; row < c.rows; ++row) lengths.push_back(static_cast<std::int32_t>(length_of(c, row)));
  return lengths;
}

std::int64_t bytes_that_take_part(const Case& c) {
  if (c.lengths.empty()) return c.input_bytes();
  const std::vector<std::int32_t> lengths = lengths_of(c);
  const std::int64_t elements = std::accumulate(lengths.begin(), lengths.end(), std::int64_t{0});
  return std::min((elements * bytes(c.dtype) + 15) / 16 * 16, c.input_bytes());
}

}  // namespace topkit::bench
