// Which tokens are kept, in float64 and by the words of sampling.h; shares no code with src/.
#pragma once

#include "support.hpp"

namespace topkit::test {

struct KeptOracle {
  std::vector<std::int64_t> ids;  // in their order
  double margin = 1;              // how far, as a share, the closest decision was from going the other way
};

// z: processed logits. `scalars` of the options only.
inline KeptOracle oracle_kept(const std::vector<double>& z, const tk_sampling& o) {
  KeptOracle result;
  const std::vector<std::int64_t> order = oracle_order(z);
  if (order.empty()) return result;
  const std::size_t n = order.size();
  if (o.temperature <= 1e-5F || o.top_k == 1) {
    result.ids = {order[0]};
    return result;
  }
  const double t = o.temperature_last != 0 ? 1 : static_cast<double>(o.temperature);
  const auto share = [&](std::size_t i) {  // relative to the best
    return std::exp((z[static_cast<std::size_t>(order[i])] - z[static_cast<std::size_t>(order[0])]) / t);
  };
  const std::size_t top_k = o.top_k > 0 ? std::min<std::size_t>(n, static_cast<std::size_t>(o.top_k)) : n;
  std::size_t min_p = n;
  for (std::size_t i = 0; i < n && o.min_p > 0; ++i) {
    result.margin = std::min(result.margin, std::abs(share(i) / o.min_p - 1) + (i == 0 ? 1 : 0));
    if (i > 0 && share(i) < o.min_p && min_p == n) min_p = i;
  }
  std::size_t count = std::min(top_k, min_p);
  if (o.top_p < 1) {
    const std::size_t of = o.top_p_of == TK_TOP_P_OF_ALL ? n : o.top_p_of == TK_TOP_P_OF_TOP_K ? top_k : count;
    double mass = 0, before = 0;
    for (std::size_t i = 0; i < of; ++i) mass += share(i);
    std::size_t kept = 0;
    for (; kept < count; ++kept) {
      const double limit = o.top_p * mass;
      if (kept > 0) result.margin = std::min(result.margin, std::abs(before / mass - o.top_p));
      if (kept > 0 && (o.top_p_inclusive != 0 ? before > limit : before >= limit)) break;
      before += share(kept);
    }
    count = kept;
  }
  result.ids.assign(order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count));
  return result;
}

}  // namespace topkit::test
