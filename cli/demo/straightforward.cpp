#include "cli/demo/straightforward.hpp"

#include <algorithm>
#include <cmath>

namespace topkit::cli::demo {

std::int64_t Straightforward::draw(std::span<const float> logits, const Filters& filters, std::mt19937_64& random) {
  const float most = *std::max_element(logits.begin(), logits.end());
  double sum = 0;
  shares_.clear();
  for (const float logit : logits) {
    const double share = std::exp(static_cast<double>(logit - most) / static_cast<double>(filters.temperature));
    shares_.emplace_back(share, static_cast<std::int32_t>(shares_.size()));
    sum += share;
  }
  for (auto& [share, token] : shares_) share /= sum;
  std::sort(shares_.begin(), shares_.end(),
            [](const auto& a, const auto& b) { return a.first != b.first ? a.first > b.first : a.second < b.second; });
  std::size_t count = shares_.size();
  if (filters.top_k > 0) count = std::min(count, static_cast<std::size_t>(filters.top_k));
  double among = 0;
  for (std::size_t i = 0; i < count; ++i) among += shares_[i].first;
  double mass = 0;
  std::size_t kept = 0;
  while (kept < count && (kept == 0 || filters.top_p >= 1 || mass < static_cast<double>(filters.top_p) * among))
    mass += shares_[kept++].first;
  kept_ = static_cast<std::int64_t>(kept);
  double left = std::uniform_real_distribution<double>(0, mass)(random);
  std::size_t drawn = 0;
  while (drawn + 1 < kept && left >= shares_[drawn].first) left -= shares_[drawn++].first;
  return shares_[drawn].second;
}

}  // namespace topkit::cli::demo
