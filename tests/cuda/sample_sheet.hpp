// One sampling call on the host stand-in, with outputs of its own, and what the plain telling of the rules says to it.
#pragma once

#include <gtest/gtest.h>

#include <bit>
#include <functional>
#include <random>

#include "algorithms.hpp"
#include "cuda/kernels.hpp"
#include "cuda/simt/machine.hpp"
#include "sample_oracle.hpp"
#include "support/oracle.hpp"

namespace topkit::test {

inline constexpr float kInfinity = std::numeric_limits<float>::infinity();

// One call with outputs of its own; fields of `args` may be changed before run().
struct Sheet {
  std::int64_t rows, cols, stride;
  DType dtype;
  SampleArgs args;
  std::vector<std::byte> x;
  std::vector<float> temperature, top_p, min_p;
  std::vector<std::int32_t> top_k, lengths;
  std::vector<std::uint64_t> seed;
  std::vector<std::int32_t> tokens, kept, candidates;
  std::vector<float> logprobs, candidate_logprobs, filtered;
  std::vector<std::uint8_t> valid;

  Sheet(std::int64_t n_rows, std::int64_t n_cols, const std::function<float(std::int64_t, std::int64_t)>& logit,
        DType type = DType::f32, std::int64_t gap = 0)
      : rows(n_rows), cols(n_cols), stride(n_cols + gap), dtype(type) {
    const auto size = static_cast<std::size_t>(bytes(type));
    x.resize(static_cast<std::size_t>(rows * stride) * size);
    for (std::int64_t r = 0; r < rows; ++r)
      for (std::int64_t i = 0; i < stride; ++i) {
        const auto raw = std::bit_cast<std::uint32_t>(i < cols ? logit(r, i) : kInfinity);
        const std::uint32_t bits = type == DType::bf16 ? raw >> 16 : raw;
        std::memcpy(x.data() + static_cast<std::size_t>(r * stride + i) * size, &bits, size);
      }
    SampleProblem& p = args.problem;
    p = {.device = DeviceKind::cuda, .dtype = type, .id_type = IndexType::i32};
    p.rows = p.x_rows = rows;
    p.cols = cols;
    p.row_stride = stride;
    args.x = x.data();
    args.temperature.value = args.top_p.value = 1;
    args.seed.value = 7;
    args.position.value = 11;
  }

  // Every parameter an array of one a row, of at most seven rows.
  void by_row(bool ragged) {
    temperature = {0, 1, 0.5F, 2, 1e-6F, 1, 0.9F};
    top_k = {0, 1, 40, 0, 300, 500, 256};
    top_p = {0.5F, 1, 0.8F, 0.95F, 1, 0.6F, 0.9F};
    min_p = {0, 0, 0.1F, 0, 0.3F, 0, 0.001F};
    seed = {1, 2, 3, 4, 5, 6, 7};
    lengths = {static_cast<std::int32_t>(cols), 1, 700, 0, 2000, 2221, 255};
    args.temperature.data = temperature.data();
    args.top_k.data = top_k.data();
    args.top_p.data = top_p.data();
    args.min_p.data = min_p.data();
    args.seed.data = seed.data();
    if (ragged) args.lengths.data = lengths.data();
  }

  // Tokens and valid flags alone.
  void want_tokens() {
    want(1, 0, false);
    args.problem.wants_kept = false;
    args.kept = {};
  }
  void want(std::int64_t draws, std::int64_t listed, bool with_logprobs = true) {
    SampleProblem& p = args.problem;
    const auto fill = [](auto& column, std::int64_t count, auto value) {
      column.assign(static_cast<std::size_t>(count), value);
      return column.data();
    };
    p.draws = draws;
    p.listed = listed;
    p.wants_tokens = p.wants_kept = p.wants_valid = true;
    p.wants_logprobs = with_logprobs;
    args.tokens = {fill(tokens, rows * draws, -7), IndexType::i32, draws, 1};
    if (with_logprobs) args.logprobs = {fill(logprobs, rows * draws, 7.0F), draws, 1};
    args.kept = {fill(kept, rows, -7), 1, 1};
    args.valid = {fill(valid, rows, std::uint8_t{7}), 1, 1};
    if (listed > 0) {
      args.candidates = {fill(candidates, rows * listed, -7), IndexType::i32, listed, 1};
      args.candidate_logprobs = {fill(candidate_logprobs, rows * listed, 7.0F), listed, 1};
    }
  }
  void want_filtered(FilterForm form) {
    args.problem.op = SampleOp::filter;
    args.problem.form = form;
    filtered.assign(static_cast<std::size_t>(rows * cols), 7);
    args.filtered = {filtered.data(), cols, 1};
  }

  float logit(std::int64_t r, std::int64_t i) const {
    return static_cast<float>(decode(dtype, load_raw(dtype, x.data(), r * stride + i)));
  }

  testing::AssertionResult run(int blocks, bool resident = true) {
    SamplePlan plan;
    plan.algorithm = resident ? SampleAlgorithm::cuda_resident : SampleAlgorithm::cuda_reread;
    plan.cluster_blocks = blocks;
    const testing::AssertionResult result = run(plan);
    return result ? result : testing::AssertionFailure() << result.message() << " (" << blocks << " blocks)";
  }
  // By topk's cluster or stream kernel with the draws in its last step.
  testing::AssertionResult run_selected(int blocks, Algorithm by = Algorithm::cuda_cluster) {
    SamplePlan plan;
    plan.algorithm = SampleAlgorithm::cuda_selected;
    plan.topk.algorithm = by;
    plan.topk.cluster_blocks = blocks;
    plan.cluster_blocks = 2;  // of rows without a k
    const testing::AssertionResult result = run(plan);
    return result ? result : testing::AssertionFailure() << result.message() << " (" << blocks << " blocks)";
  }
  testing::AssertionResult run(const SamplePlan& plan) {
    static std::uint64_t order = 0;
    simt::settings().seed = order++ % 8;
    SampleProblem& p = args.problem;
    p.may_top_k = args.top_k.data != nullptr || args.top_k.value > 0;
    p.may_top_p = args.top_p.data != nullptr || args.top_p.value < 1;
    p.may_min_p = args.min_p.data != nullptr || args.min_p.value > 0;
    p.may_greedy = args.temperature.data != nullptr || args.temperature.value < 1e-5F;
    p.top_k = args.top_k.data != nullptr ? 0 : args.top_k.value;
    p.has_lengths = args.lengths.data != nullptr;
    try {
      cuda::run_sample(plan, args, nullptr, nullptr);
    } catch (const std::exception& failure) {
      return testing::AssertionFailure() << failure.what();
    }
    for (std::int64_t r = 0; r < rows; ++r)
      if (const std::string words = wrong(r); !words.empty())
        return testing::AssertionFailure()
               << "row " << r << ": " << words << " (lane order " << simt::settings().seed << ")";
    return testing::AssertionSuccess();
  }

 private:
  std::string wrong(std::int64_t r) const {
    const SampleProblem& p = args.problem;
    const std::int64_t source = args.x_row(r);
    const SampledRow wanted = sampled_row(args, r, [&](std::int64_t i) { return logit(source, i); });
    const auto same = [](float a, float b) {
      return std::bit_cast<std::uint32_t>(a) == std::bit_cast<std::uint32_t>(b);
    };
    std::ostringstream words;
    if (p.op == SampleOp::filter) {
      for (std::int64_t i = 0; i < cols; ++i) {
        const float found = filtered[static_cast<std::size_t>(r * cols + i)];
        if (same(found, wanted.filtered[static_cast<std::size_t>(i)])) continue;
        words << "token " << i << " is " << found << ", not " << wanted.filtered[static_cast<std::size_t>(i)];
        return words.str();
      }
      return "";
    }
    const auto row = static_cast<std::size_t>(r);
    if (p.wants_kept && kept[row] != static_cast<std::int32_t>(wanted.kept.size()))
      words << "keeps " << kept[row] << ", not " << wanted.kept.size() << "; ";
    if ((valid[row] != 0) != wanted.valid) words << "valid is " << int{valid[row]} << "; ";
    for (std::int64_t j = 0; j < p.draws; ++j) {
      const auto at = static_cast<std::size_t>(r * p.draws + j), place = static_cast<std::size_t>(j);
      if (tokens[at] != wanted.tokens[place])
        words << "token " << tokens[at] << ", not " << wanted.tokens[place] << "; ";
      if (p.wants_logprobs && !same(logprobs[at], wanted.logprobs[place]))
        words << "logprob " << logprobs[at] << ", not " << wanted.logprobs[place] << "; ";
    }
    for (std::int64_t j = 0; j < p.listed; ++j) {
      const auto at = static_cast<std::size_t>(r * p.listed + j), place = static_cast<std::size_t>(j);
      const bool there = place < wanted.kept.size();
      if (candidates[at] != (there ? wanted.kept[place] : -1) ||
          !same(candidate_logprobs[at], there ? wanted.kept_logprobs[place] : -kInfinity)) {
        words << "candidate " << j << " is " << candidates[at] << " with " << candidate_logprobs[at];
        break;
      }
    }
    return words.str();
  }
};

inline float normal(std::int64_t r, std::int64_t i) {
  std::mt19937 random(static_cast<unsigned>(r * 1000003 + i));
  return std::normal_distribution<float>(0, 3)(random);
}

// Rows that a bound meets badly: of crowds, infinities and NaN.
inline constexpr std::int64_t kStrangeRows = 11;
inline float strange(std::int64_t r, std::int64_t i) {
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN(), kMost = std::numeric_limits<float>::max();
  switch (r) {
    case 0: return -kInfinity;
    case 1: return kNan;
    case 2: return i % 100 == 3 ? kInfinity : i % 100 == 4 ? kMost : normal(r, i);
    case 3: return i == 777 ? normal(r, i) : i % 2 == 0 ? kNan : -kInfinity;
    case 4: return i % 2 == 0 ? kNan : normal(r, i);
    case 5: return i % 2 == 0 ? -0.0F : 0.0F;
    case 6: return i < 4000 ? kNan : i % 3 == 0 ? -kInfinity : static_cast<float>(i % 2);
    case 7: return static_cast<float>(i) / 100;
    case 8: return i > 5000 ? 2.0F : 0.0F;
    case 9: return i % 7 != 0 ? kNan : i % 2 == 0 ? kInfinity : kMost;
    default: return i == 5 ? 3.3e38F : i == 6 ? -3.3e38F : normal(r, i) * 1e37F;
  }
}

}  // namespace topkit::test
