// The sampler that one writes without a library: softmax, sort, cumulative sum, draw.
#pragma once

#include <cstdint>
#include <random>
#include <span>
#include <utility>
#include <vector>

namespace topkit::cli::demo {

struct Filters {
  float temperature = 0.8F;
  std::int32_t top_k = 50;  // 0: all
  float top_p = 0.95F;
};

class Straightforward {
 public:
  std::int64_t draw(std::span<const float> logits, const Filters& filters, std::mt19937_64& random);

  std::int64_t kept() const { return kept_; }  // how many the last draw was from

 private:
  std::vector<std::pair<double, std::int32_t>> shares_;
  std::int64_t kept_ = 0;
};

}  // namespace topkit::cli::demo
