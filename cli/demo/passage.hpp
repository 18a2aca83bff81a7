// Text that a model goes on with, and the logits that each of its tokens was drawn from.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "cli/demo/gpt.hpp"
#include "cli/demo/straightforward.hpp"
#include "topkit/topkit.hpp"

namespace topkit::cli::demo {

struct Passage {
  std::vector<std::int32_t> tokens;
  std::vector<float> logits;  // a row a token
  std::int64_t cols = 0;

  std::int64_t rows() const { return static_cast<std::int64_t>(tokens.size()); }
  MatrixView<const float> row(std::int64_t r) const { return {logits.data() + r * cols, 1, cols}; }
};

// `count` tokens behind the prompt, fewer when the model's context ends. The token at place p of the text is drawn by
// topkit::sample from (seed, position p). A temperature of 0 takes the likeliest.
Passage write_on(const Gpt& gpt, const std::vector<std::int32_t>& prompt, std::int64_t count, const Filters& filters,
                 std::uint64_t seed);

std::string text_of(const Vocabulary& vocabulary, const std::vector<std::int32_t>& tokens);

}  // namespace topkit::cli::demo
