// The forward pass of model/gpt.py in plain C++, a token at a time, and the same bits on every machine.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <vector>

#include "cli/demo/vocabulary.hpp"
#include "cli/safetensors.hpp"

namespace topkit::cli::demo {

// Row-major, so that a row is what one output is made of.
struct Matrix {
  std::int64_t rows = 0, cols = 0;
  std::vector<float> values;

  std::span<const float> row(std::int64_t r) const {
    return {values.data() + r * cols, static_cast<std::size_t>(cols)};
  }
};

struct Block {
  Matrix qkv, gather, up, down;
};

struct Gpt {
  Vocabulary vocabulary;
  Matrix embedding, bias, positions, rise, fall;
  std::vector<Block> blocks;

  static constexpr std::int64_t kHead = 32;  // numbers of an attention head

  std::int64_t context() const { return positions.rows; }
  std::int64_t width() const { return positions.cols; }
  std::int64_t parameters() const;
};

// Throws Failure when the file is not there, or its tensors do not fit together.
Gpt read_gpt(const std::string& path);

// What a model has read, and what it makes of the next token.
class Reader {
 public:
  explicit Reader(const Gpt& gpt);

  std::int64_t length() const { return length_; }
  bool full() const { return length_ == gpt_.context(); }

  // The logits of what comes after `token`, valid until the next call; not when full().
  std::span<const float> read(std::int32_t token);

 private:
  void attend(const Block& block, std::size_t number);

  const Gpt& gpt_;
  std::int64_t length_ = 0;
  std::vector<float> x_, normal_, qkv_, seen_, hidden_, out_, low_, scores_, logits_;
  std::vector<std::vector<float>> keys_, values_;  // of each block, a row a token
};

}  // namespace topkit::cli::demo
