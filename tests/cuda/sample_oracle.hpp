// What one row of sampling gives, told as plainly as src/sampling/args.hpp does: everything sorted, sums in a loop. It shares
// the arithmetic of single tokens with the engines, and nothing of how they find what is kept.
#pragma once

#include <algorithm>
#include <cstdint>
#include <vector>

#include "sampling/args.hpp"
#include "sampling/math.hpp"
#include "sampling/philox.hpp"
#include "sampling/rules.hpp"
#include "sampling/steps.hpp"

namespace topkit::test {

struct SampledRow {
  std::vector<std::int64_t> tokens;
  std::vector<float> logprobs;
  std::vector<std::int64_t> kept;  // in order
  std::vector<float> kept_logprobs;
  bool valid = false;
  std::vector<float> filtered;
};

// `logit(i)` is the float of token i, bias and mask not applied.
template <class Logit>
SampledRow sampled_row(const SampleArgs& args, std::int64_t r, Logit logit) {
  using One = sampling::OneLane<>;
  const SampleProblem& p = args.problem;
  const sampling::Rules rules = sampling::rules_of<One>(args, r);
  const float scale = sampling::weight_scale(p.cols), none = -__builtin_inff();
  const std::uint32_t* mask = args.mask_of(r);
  std::vector<float> z, raw;
  for (std::int64_t i = 0; i < args.length(r); ++i) {
    float value = logit(i);
    if (args.softcap > 0) value = sampling::soft_cap<One>(value, args.softcap, One::Div(1.0F, args.softcap));
    raw.push_back(sampling::candidate<One>(value));
    for (std::int64_t j = 0; j < args.bias_ids.count; ++j)
      if (args.bias_ids.at(r, j) == i) value = One::Add(value, args.bias.at(r, j));
    if (mask != nullptr && (mask[i / 32] >> i % 32 & 1U) == 0) value = none;
    z.push_back(sampling::candidate<One>(value));
  }
  const auto weigh = [&](float value, float z_max, float c) {
    const auto w = sampling::weight<One>(sampling::exponent<One>(value, z_max, c), scale);
    return sampling::mass_of(w.high, w.low);
  };
  SampledRow result;
  std::vector<std::int64_t> order;
  for (std::size_t i = 0; i < z.size(); ++i)
    if (z[i] > none) order.push_back(static_cast<std::int64_t>(i));
  const auto at = [&](std::int64_t i) { return z[static_cast<std::size_t>(i)]; };
  std::stable_sort(order.begin(), order.end(), [&](std::int64_t a, std::int64_t b) { return at(a) > at(b); });
  result.valid = !order.empty();
  const bool logits = p.form == FilterForm::logits;
  result.filtered.assign(static_cast<std::size_t>(p.cols), logits ? none : 0.0F);
  if (order.empty()) {
    result.tokens.assign(static_cast<std::size_t>(p.draws), 0);
    result.logprobs.assign(static_cast<std::size_t>(p.draws), none);
    return result;
  }
  const float z_max = at(order[0]);
  const auto y = [&](std::int64_t i, float c) { return sampling::exponent<One>(at(i), z_max, c); };

  std::size_t by_k = order.size(), by_min = 0;
  if (rules.k > 0) by_k = std::min(by_k, static_cast<std::size_t>(rules.k));
  while (by_min < order.size() && y(order[by_min], rules.c_filter) >= rules.least_y) ++by_min;
  std::size_t measured = order.size();
  if (p.top_p_of != TopPOf::all) measured = by_k;
  if (p.top_p_of == TopPOf::kept) measured = std::min(by_k, by_min);
  std::uint64_t mass = 0, before = 0;
  for (std::size_t j = 0; j < measured; ++j) mass += weigh(at(order[j]), z_max, rules.c_filter);
  const std::uint64_t limit = sampling::limit_of(rules.p, mass, p.top_p_inclusive);
  std::size_t count = 0;
  for (; count < std::min(by_k, by_min); ++count) {
    if (rules.p < sampling::kWhole && count > 0 && before >= limit) break;
    before += weigh(at(order[count]), z_max, rules.c_filter);
  }
  order.resize(count);
  std::uint64_t kept_mass = 0, raw_mass = 0;
  for (const std::int64_t i : order) kept_mass += weigh(at(i), z_max, rules.c);
  const float raw_max = *std::max_element(raw.begin(), raw.end());
  for (const float value : raw)
    if (value > none) raw_mass += weigh(value, raw_max, sampling::kLog2E);
  const float log2_kept = sampling::log2_mass<One>(kept_mass, scale);
  const auto processed = [&](std::int64_t i) { return One::Mul(One::Sub(y(i, rules.c), log2_kept), sampling::kLn2); };
  result.kept = order;
  for (const std::int64_t i : order) {
    result.kept_logprobs.push_back(processed(i));
    result.filtered[static_cast<std::size_t>(i)] =
        logits ? One::Mul(at(i), rules.inv_t) : sampling::exp2<One>(One::Sub(y(i, rules.c), log2_kept));
  }
  for (std::int64_t draw = 0; draw < p.draws; ++draw) {
    std::int64_t best = -1;
    float best_score = 0;
    std::vector<std::int64_t> by_id = order;
    std::sort(by_id.begin(), by_id.end());
    for (const std::int64_t i : by_id) {
      const auto words = [&](std::uint32_t first) {
        return sampling::philox<One>(rules.seed, {{first, args.draw + static_cast<std::uint32_t>(draw),
                                                   static_cast<std::uint32_t>(rules.position),
                                                   static_cast<std::uint32_t>(rules.position >> 32)}})
            .word[i % 4];
      };
      const auto quad = static_cast<std::uint32_t>(i / 4);
      const float score =
          One::Sub(y(i, rules.c), sampling::log2_exponential<One>(words(quad), words(quad | 0x80000000U)));
      if (best < 0 || score > best_score) {
        best = i;
        best_score = score;
      }
    }
    result.tokens.push_back(best);
    const float raw_y = sampling::exponent<One>(raw[static_cast<std::size_t>(best)], raw_max, sampling::kLog2E);
    result.logprobs.push_back(
        p.logprob_of == LogprobOf::processed
            ? processed(best)
            : One::Mul(One::Sub(raw_y, sampling::log2_mass<One>(raw_mass, scale)), sampling::kLn2));
  }
  return result;
}

}  // namespace topkit::test
