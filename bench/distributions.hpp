// Named inputs, seeded and deterministic: what the tests and the benchmark select from.
//
// Each one breaks some method: see the sentence beside its name. Values are made as doubles and rounded to the type, so
// one name means the same shape of data in every type (integers: scaled, then clamped to their range).
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "dtype.hpp"

namespace topkit::bench {

struct Place {
  std::int64_t row, col, cols;
};

// splitmix64 (Steele, Lea, Flood 2014): one stream a row, so that a row does not depend on how many rows there are.
class Random {
 public:
  explicit Random(std::uint64_t seed) : state_(seed) {}
  std::uint64_t bits() {
    std::uint64_t z = state_ += 0x9e3779b97f4a7c15;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9;
    z = (z ^ z >> 27) * 0x94d049bb133111eb;
    return z ^ z >> 31;
  }
  double uniform() { return static_cast<double>(bits() >> 11) * 0x1p-53; }  // [0, 1)
  double normal();
  std::int64_t below(std::int64_t n) { return static_cast<std::int64_t>(bits() % static_cast<std::uint64_t>(n)); }

 private:
  std::uint64_t state_;
  double spare_ = 0;
  bool has_spare_ = false;
};

struct Distribution {
  std::string_view name;
  std::string_view breaks;  // which method it is meant to break
  double (*value)(const Place& place, Random& random);
};

std::span<const Distribution> distributions();
const Distribution* find_distribution(std::string_view name);

// Nearest raw bits, ties to even. Too large becomes infinity, or the largest number in a type without one; a NaN gets a
// random sign and payload.
std::uint64_t encode(DType dtype, double value, Random& random);

// One row of `cols` elements, one after another.
void fill_row(const Distribution& distribution, DType dtype, std::uint64_t seed, std::int64_t row, std::int64_t cols,
              void* out);

}  // namespace topkit::bench
