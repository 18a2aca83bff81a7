#include "runner.hpp"

#include "statistics.hpp"

namespace topkit::bench {
namespace {

constexpr int kTries = 8;  // of a disturbed sample

std::optional<double> undisturbed(Stage& stage, std::size_t contender, Heat heat) {
  for (int i = 0; i < kTries; ++i)
    if (const auto us = stage.sample_us(contender, heat)) return us;
  return std::nullopt;
}

std::optional<double> median_if_any(const std::vector<double>& samples) {
  if (samples.empty()) return std::nullopt;
  return median(samples);
}

}  // namespace

Measured measure(const Case& c, Backend& backend, const Choice& choice) {
  const std::unique_ptr<Stage> stage = backend.stage(c, choice);
  const std::vector<Contender>& contenders = stage->contenders();
  std::vector<std::vector<double>> hot(contenders.size()), cold(contenders.size());
  for (std::size_t i = 0; i < contenders.size(); ++i) undisturbed(*stage, i, Heat::hot);  // warms code and pages
  for (int round = 0; round < choice.rounds; ++round) {
    for (std::size_t i = 0; i < contenders.size(); ++i) {
      if (const auto us = undisturbed(*stage, i, Heat::hot)) hot[i].push_back(*us);
      if (const auto us = undisturbed(*stage, i, Heat::cold)) cold[i].push_back(*us);
    }
  }
  Measured measured{.results = {}, .refusals = stage->refusals()};
  // Nobody's time is known against a floor that is not.
  const bool quiet = !hot[0].empty();
  for (std::size_t i = 0; i < contenders.size(); ++i) {
    if (!quiet || hot[i].empty()) {
      measured.refusals.push_back(
          {contenders[i], "every sample was disturbed: the machine is busy with something else"});
      continue;
    }
    Result result{.what = c,
                  .who = contenders[i],
                  .threads = choice.threads,
                  .index_bytes = choice.index_bytes,
                  .rounds = choice.rounds};
    result.hot_us = median(hot[i]);
    result.mad_us = median_absolute_deviation(hot[i]);
    result.floor_us = median(hot[0]);
    result.cold_us = median_if_any(cold[i]);
    if (result.cold_us) result.cold_mad_us = median_absolute_deviation(cold[i]);
    result.floor_cold_us = median_if_any(cold[0]);
    result.complaint = stage->complaint(i);
    result.verified = result.complaint.empty();
    measured.results.push_back(std::move(result));
  }
  return measured;
}

}  // namespace topkit::bench
