// What a language model answers: rows of logits that model/train.py wrote, which become part of the program.
#pragma once

#include <cstdint>
#include <span>

namespace topkit::bench {

inline constexpr std::int64_t kRealRows = 8, kRealCols = 32768;

// kRealRows x kRealCols numbers.
std::span<const float> real_logits();

}  // namespace topkit::bench
