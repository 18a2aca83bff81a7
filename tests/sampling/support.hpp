// Calls of the sampling interface from vectors, and a float64 oracle that shares no code with src/.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <cstring>
#include <limits>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "topkit/sampling.h"

namespace topkit::test {

inline constexpr float kInf = std::numeric_limits<float>::infinity();
inline constexpr float kNaN = std::numeric_limits<float>::quiet_NaN();

template <class T>
constexpr DLDataType dl_type() {
  if constexpr (std::is_same_v<T, float>) return {kDLFloat, 32, 1};
  if constexpr (std::is_same_v<T, std::int32_t>) return {kDLInt, 32, 1};
  if constexpr (std::is_same_v<T, std::int64_t>) return {kDLInt, 64, 1};
  if constexpr (std::is_same_v<T, std::uint64_t>) return {kDLUInt, 64, 1};
  if constexpr (std::is_same_v<T, std::uint32_t>) return {kDLUInt, 32, 1};
  if constexpr (std::is_same_v<T, std::uint8_t>) return {kDLUInt, 8, 1};
}

// A tensor over memory of somebody else; lives as long as the call.
class View {
 public:
  View() = default;
  template <class T>
  View(const std::vector<T>& data, std::vector<std::int64_t> shape)
      : View(const_cast<T*>(data.data()), dl_type<T>(), std::move(shape)) {}
  View(void* data, DLDataType type, std::vector<std::int64_t> shape, std::vector<std::int64_t> strides = {})
      : shape_(std::move(shape)), strides_(std::move(strides)) {
    dl_.data = data;
    dl_.device = {kDLCPU, 0};
    dl_.dtype = type;
    dl_.ndim = static_cast<int>(shape_.size());
    dl_.shape = shape_.data();
    dl_.strides = strides_.empty() ? nullptr : strides_.data();
    used_ = true;
  }
  View(const View&) = delete;
  View& operator=(const View&) = delete;
  DLTensor* get() { return used_ ? &dl_ : nullptr; }

 private:
  std::vector<std::int64_t> shape_, strides_;
  DLTensor dl_{};
  bool used_ = false;
};

inline tk_sampling sampling() {
  tk_sampling options;
  tk_sampling_init(&options);
  return options;
}

inline std::vector<std::string> isas() {
  std::vector<std::string> names;
  for (std::int32_t i = 0; i < tk_isa_count(); ++i)
    if (tk_isa_available(i) != 0) names.emplace_back(tk_isa_name(i));
  return names;
}

// Everything tk_sample can tell of [rows, cols] float32 logits.
struct Sampled {
  std::int64_t rows, draws, listed;
  std::vector<std::int64_t> tokens, candidates;
  std::vector<float> logprobs, candidate_logprobs;
  std::vector<std::int32_t> kept;
  std::vector<std::uint8_t> valid;

  bool operator==(const Sampled& other) const {
    const auto same = [](const std::vector<float>& a, const std::vector<float>& b) {  // bit for bit, NaN too
      return a.size() == b.size() && std::memcmp(a.data(), b.data(), a.size() * sizeof(float)) == 0;
    };
    return tokens == other.tokens && candidates == other.candidates && kept == other.kept && valid == other.valid &&
           same(logprobs, other.logprobs) && same(candidate_logprobs, other.candidate_logprobs);
  }
};

struct SampleShape {
  std::int64_t rows, cols, draws = 1, listed = 0;
};

inline Sampled sample_view(DLTensor* logits, const SampleShape& shape, const tk_sampling& options) {
  const auto size = [](std::int64_t n) { return static_cast<std::size_t>(n); };
  Sampled s{.rows = shape.rows, .draws = shape.draws, .listed = shape.listed};
  s.tokens.assign(size(shape.rows * shape.draws), -7);
  s.logprobs.assign(size(shape.rows * shape.draws), -7);
  s.kept.assign(size(shape.rows), -7);
  s.valid.assign(size(shape.rows), 7);
  s.candidates.assign(size(shape.rows * shape.listed), -7);
  s.candidate_logprobs.assign(size(shape.rows * shape.listed), -7);
  View tokens(s.tokens, {shape.rows, shape.draws}), logprobs(s.logprobs, {shape.rows, shape.draws});
  View kept(s.kept, {shape.rows}), valid(s.valid, {shape.rows});
  View candidates(s.candidates, {shape.rows, shape.listed}),
      candidate_logprobs(s.candidate_logprobs, {shape.rows, shape.listed});
  tk_sampled out;
  tk_sampled_init(&out);
  out.tokens = tokens.get();
  out.logprobs = logprobs.get();
  out.kept = kept.get();
  out.valid = valid.get();
  if (shape.listed > 0) {
    out.candidates = candidates.get();
    out.candidate_logprobs = candidate_logprobs.get();
  }
  EXPECT_EQ(tk_sample(logits, &options, &out, nullptr, nullptr), TK_OK) << tk_last_error();
  return s;
}

inline Sampled sample(const std::vector<float>& logits, const SampleShape& shape, const tk_sampling& options) {
  View x(logits, {static_cast<std::int64_t>(logits.size()) / shape.cols, shape.cols});
  return sample_view(x.get(), shape, options);
}

inline std::vector<std::int64_t> draw(const std::vector<float>& logits, const SampleShape& shape,
                                      const tk_sampling& options) {
  View x(logits, {static_cast<std::int64_t>(logits.size()) / shape.cols, shape.cols});
  std::vector<std::int64_t> tokens(static_cast<std::size_t>(shape.rows * shape.draws), -7);
  View out_tokens(tokens, {shape.rows, shape.draws});
  tk_sampled out;
  tk_sampled_init(&out);
  out.tokens = out_tokens.get();
  EXPECT_EQ(tk_sample(x.get(), &options, &out, nullptr, nullptr), TK_OK) << tk_last_error();
  return tokens;
}

inline std::vector<float> filter(const std::vector<float>& logits, std::int64_t rows, std::int64_t cols,
                                 const tk_sampling& options, tk_filter_form form) {
  View x(logits, {static_cast<std::int64_t>(logits.size()) / cols, cols});
  std::vector<float> result(static_cast<std::size_t>(rows * cols), -7);
  View out(result, {rows, cols});
  EXPECT_EQ(tk_filter(x.get(), &options, form, out.get(), nullptr, nullptr), TK_OK) << tk_last_error();
  return result;
}

inline std::vector<float> normal_logits(std::int64_t count, float spread, std::uint64_t seed) {
  std::mt19937_64 random(seed);
  std::normal_distribution<float> normal(0, spread);
  std::vector<float> x(static_cast<std::size_t>(count));
  for (float& v : x) v = normal(random);
  return x;
}

// The order of one row: z descending, lower id first, candidates only.
inline std::vector<std::int64_t> oracle_order(const std::vector<double>& z) {
  std::vector<std::int64_t> order;
  for (std::size_t i = 0; i < z.size(); ++i)
    if (z[i] > -std::numeric_limits<double>::infinity()) order.push_back(static_cast<std::int64_t>(i));  // not NaN
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) {
    return z[static_cast<std::size_t>(a)] > z[static_cast<std::size_t>(b)];
  });
  return order;
}

// Softmax in float64 of what is left of an order.
inline std::vector<double> softmax(const std::vector<double>& z, const std::vector<std::int64_t>& order, double t) {
  std::vector<double> p;
  double sum = 0;
  for (const std::int64_t i : order) {
    p.push_back(std::exp((z[static_cast<std::size_t>(i)] - z[static_cast<std::size_t>(order[0])]) / t));
    sum += p.back();
  }
  for (double& share : p) share /= sum;
  return p;
}

inline std::vector<double> widened(const std::vector<float>& x, std::int64_t row, std::int64_t cols) {
  return {x.begin() + row * cols, x.begin() + (row + 1) * cols};
}

}  // namespace topkit::test
