#include "cli/demo/vocabulary.hpp"

#include <algorithm>
#include <limits>

#include "cli/error.hpp"

namespace topkit::cli::demo {
namespace {

constexpr std::int32_t kBytes = 256;
constexpr std::int32_t kNone = std::numeric_limits<std::int32_t>::max();

std::uint32_t pair_key(std::int32_t left, std::int32_t right) {
  return static_cast<std::uint32_t>(left) << 16 | static_cast<std::uint32_t>(right);
}

}  // namespace

Vocabulary::Vocabulary(std::span<const std::uint16_t> merges, std::string_view file) {
  for (int byte = 0; byte < kBytes; ++byte) texts_.emplace_back(1, static_cast<char>(byte));
  for (std::size_t i = 0; i + 1 < merges.size(); i += 2) {
    const std::int32_t left = merges[i], right = merges[i + 1], token = static_cast<std::int32_t>(texts_.size());
    if (left >= token || right >= token)
      invalid("file {}: token {} is made of tokens {} and {}: both must be older", file, token, left, right);
    texts_.push_back(text(left) + text(right));
    merged_.emplace(pair_key(left, right), token);
  }
}

std::vector<std::int32_t> Vocabulary::encode(std::string_view text) const {
  std::vector<std::int32_t> tokens;
  for (const char c : text) tokens.push_back(static_cast<unsigned char>(c));
  for (;;) {
    std::int32_t oldest = kNone;
    const auto token_at = [&](std::size_t i) {
      if (i + 1 >= tokens.size()) return kNone;
      const auto found = merged_.find(pair_key(tokens[i], tokens[i + 1]));
      return found == merged_.end() ? kNone : found->second;
    };
    for (std::size_t i = 0; i < tokens.size(); ++i) oldest = std::min(oldest, token_at(i));
    if (oldest == kNone) return tokens;
    std::vector<std::int32_t> fewer;
    for (std::size_t i = 0; i < tokens.size(); ++i) {
      const bool merges = token_at(i) == oldest;
      fewer.push_back(merges ? oldest : tokens[i]);
      i += merges ? 1 : 0;
    }
    tokens.swap(fewer);
  }
}

}  // namespace topkit::cli::demo
