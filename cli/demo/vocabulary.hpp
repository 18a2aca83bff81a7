// Byte pair encoding: text to tokens and back. model/vocabulary.py makes the vocabulary.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <unordered_map>
#include <vector>

namespace topkit::cli::demo {

class Vocabulary {
 public:
  // Token 256 + i is the two older tokens of merge i side by side; the first 256 are bytes. Throws Failure when a merge
  // names a token that is not older.
  Vocabulary(std::span<const std::uint16_t> merges, std::string_view file);

  std::int64_t size() const { return static_cast<std::int64_t>(texts_.size()); }
  const std::string& text(std::int32_t token) const { return texts_[static_cast<std::size_t>(token)]; }

  // The oldest pair merges first, everywhere from the left, until no pair is a token.
  std::vector<std::int32_t> encode(std::string_view text) const;

 private:
  std::vector<std::string> texts_;
  std::unordered_map<std::uint32_t, std::int32_t> merged_;  // left * 2^16 + right -> token
};

}  // namespace topkit::cli::demo
