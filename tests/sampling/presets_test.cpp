// Each preset against the sampler it is named after, written out in float64 from that engine's own definition. On rows
// without ties: there the engines differ among themselves.
#include <functional>
#include <random>
#include <set>

#include "support.hpp"

namespace topkit::test {
namespace {

struct Parameters {
  double t;
  std::int64_t k;  // 0: off
  double p, min_p;
};
using Kept = std::set<std::int64_t>;

std::vector<double> shares_of(const std::vector<double>& z, double t) {
  double most = -INFINITY, sum = 0;
  for (const double v : z) most = std::max(most, v);
  std::vector<double> p;
  for (const double v : z) sum += p.emplace_back(std::exp((v - most) / t));
  for (double& v : p) v /= sum;
  return p;
}

// Hugging Face: warpers one after the other, each with a softmax of what the one before left; top-p removes, from the worst
// on, while the sum is at most 1 - p; min-p removes what is less likely than min_p times the best.
Kept hf(std::vector<double> z, const Parameters& a) {
  for (double& v : z) v /= a.t;
  if (a.k > 0 && a.k < static_cast<std::int64_t>(z.size())) {
    std::vector<double> sorted = z;
    std::sort(sorted.rbegin(), sorted.rend());
    for (double& v : z)
      if (v < sorted[static_cast<std::size_t>(a.k - 1)]) v = -INFINITY;
  }
  if (a.p < 1) {
    const std::vector<double> p = shares_of(z, 1);
    std::vector<std::size_t> ascending(z.size());
    std::iota(ascending.begin(), ascending.end(), 0U);
    std::sort(ascending.begin(), ascending.end(), [&](std::size_t i, std::size_t j) { return z[i] < z[j]; });
    double sum = 0;
    for (std::size_t j = 0; j + 1 < ascending.size(); ++j) {
      sum += p[ascending[j]];
      if (sum <= 1 - a.p) z[ascending[j]] = -INFINITY;
    }
  }
  if (a.min_p > 0) {
    const std::vector<double> p = shares_of(z, 1);
    const double most = *std::max_element(p.begin(), p.end());
    for (std::size_t i = 0; i < z.size(); ++i)
      if (p[i] < a.min_p * most) z[i] = -INFINITY;
  }
  Kept kept;
  for (std::size_t i = 0; i < z.size(); ++i)
    if (z[i] > -INFINITY) kept.insert(static_cast<std::int64_t>(i));
  return kept;
}

// vLLM: temperature, min-p, then top-k and top-p on the ascending order, the last always kept.
Kept vllm(std::vector<double> z, const Parameters& a) {
  for (double& v : z) v /= a.t;
  const std::vector<double> p = shares_of(z, 1);
  const double most = *std::max_element(p.begin(), p.end());
  for (std::size_t i = 0; i < z.size(); ++i)
    if (p[i] < a.min_p * most) z[i] = -INFINITY;
  return hf(z, {.t = 1, .k = a.k, .p = a.p, .min_p = 0});
}

// SGLang's PyTorch path: descending probabilities of the full softmax; a rank of k or more, a sum before it above p, or a
// share below min_p of the best drop a token.
Kept sglang(const std::vector<double>& z, const Parameters& a) {
  const std::vector<double> p = shares_of(z, a.t);
  std::vector<std::int64_t> order = oracle_order(z);
  Kept kept;
  double sum = 0;
  for (std::size_t j = 0; j < order.size(); ++j) {
    const double share = p[static_cast<std::size_t>(order[j])];
    const bool in_k = a.k == 0 || static_cast<std::int64_t>(j) < a.k;
    if (in_k && !(sum > a.p) && share >= a.min_p * p[static_cast<std::size_t>(order[0])]) kept.insert(order[j]);
    sum += share;
  }
  return kept;
}

// TensorRT-LLM's PyTorch path: min-p, top-k, then top-p on the renormalised rest, kept while the sum before is <= p.
Kept trtllm(const std::vector<double>& z, const Parameters& a) {
  const std::vector<double> p = shares_of(z, a.t);
  std::vector<std::int64_t> order = oracle_order(z);
  const double most = p[static_cast<std::size_t>(order[0])];
  std::erase_if(order, [&](std::int64_t i) { return p[static_cast<std::size_t>(i)] < a.min_p * most; });
  if (a.k > 0 && a.k < static_cast<std::int64_t>(order.size())) order.resize(static_cast<std::size_t>(a.k));
  double rest = 0, sum = 0;
  for (const std::int64_t i : order) rest += p[static_cast<std::size_t>(i)];
  Kept kept;
  for (const std::int64_t i : order) {
    if (sum / rest > a.p) break;
    kept.insert(i);
    sum += p[static_cast<std::size_t>(i)];
  }
  return kept;
}

// FlashInfer accepts x under top-k when fewer than k are more likely, under top-p when all more likely together are below p;
// joint: of the full distribution, top_k_first: of the renormalised top-k. min-p by itself.
Kept flashinfer(const std::vector<double>& z, const Parameters& a, bool joint) {
  const std::vector<double> p = shares_of(z, a.t);
  const double most = *std::max_element(p.begin(), p.end());
  const auto more_likely = [&](double share) {
    return std::count_if(p.begin(), p.end(), [&](double q) { return q > share; });
  };
  double whole = 0;
  for (const double share : p)
    if (joint || a.k == 0 || more_likely(share) < a.k) whole += share;
  Kept kept;
  for (std::size_t i = 0; i < p.size(); ++i) {
    double before = 0;
    for (const double q : p) before += q > p[i] ? q : 0;
    if ((a.k == 0 || more_likely(p[i]) < a.k) && before / whole < a.p && p[i] >= a.min_p * most)
      kept.insert(static_cast<std::int64_t>(i));
  }
  return kept;
}

// llama.cpp: top-k, top-p until the sum reaches p, min-p, all at temperature 1.
Kept llamacpp(const std::vector<double>& z, const Parameters& a) {
  std::vector<std::int64_t> order = oracle_order(z);
  if (a.k > 0 && a.k < static_cast<std::int64_t>(order.size())) order.resize(static_cast<std::size_t>(a.k));
  const std::vector<double> p = softmax(z, order, 1);
  std::size_t count = 0;
  for (double sum = 0; count < order.size();) {
    sum += p[count++];
    if (sum >= a.p) break;
  }
  if (a.p >= 1) count = order.size();
  while (count > 1 && p[count - 1] < a.min_p * p[0]) --count;
  return {order.begin(), order.begin() + static_cast<std::ptrdiff_t>(count)};
}

Kept nanochat(const std::vector<double>& z, const Parameters& a) {
  std::vector<std::int64_t> order = oracle_order(z);
  if (a.k > 0) order.resize(std::min(order.size(), static_cast<std::size_t>(a.k)));
  return {order.begin(), order.end()};
}

TEST(Presets, keep_what_the_engines_keep_and_with_their_probabilities) {
  struct Named {
    const char* name;
    std::function<Kept(const std::vector<double>&, const Parameters&)> kept;
    bool filters = true;
  };
  const std::vector<Named> engines{
      {"hf", hf},
      {"vllm", vllm},
      {"sglang", sglang},
      {"trtllm", trtllm},
      {"flashinfer", [](const auto& z, const Parameters& a) { return flashinfer(z, a, false); }},
      {"flashinfer_joint", [](const auto& z, const Parameters& a) { return flashinfer(z, a, true); }},
      {"llamacpp", llamacpp},
      {"nanochat", nanochat, false}};
  constexpr std::int64_t kCols = 400;
  std::mt19937_64 random(17);
  std::normal_distribution<float> normal(0, 2.5F);
  int differ = 0;  // sets that another preset does not have: the test could tell them apart
  for (int trial = 0; trial < 60; ++trial) {
    std::vector<float> x(kCols);
    for (float& v : x) v = normal(random);
    // An eighth: no sum of shares comes near these by chance of rounding.
    const Parameters a{.t = std::array{0.5, 1.0, 1.75}[random() % 3],
                       .k = std::array{0, 5, 40}[random() % 3],
                       .p = std::array{1.0, 0.75, 0.9375}[random() % 3],
                       .min_p = std::array{0.0, 0.0625, 0.01171875}[random() % 3]};
    std::set<Kept> sets;
    for (const Named& engine : engines) {
      tk_sampling options = sampling();
      ASSERT_EQ(tk_sampling_preset(&options, engine.name), TK_OK);
      options.temperature = static_cast<float>(a.t);
      options.top_k = static_cast<std::int32_t>(a.k);
      if (engine.filters) options.top_p = static_cast<float>(a.p);
      if (engine.filters) options.min_p = static_cast<float>(a.min_p);
      const std::vector<double> z = widened(x, 0, kCols);
      const Kept kept = engine.kept(z, a);
      const std::vector<float> shares = filter(x, 1, kCols, options, TK_FILTER_PROBABILITIES);
      Kept found;
      for (std::int64_t i = 0; i < kCols; ++i)
        if (shares[static_cast<std::size_t>(i)] > 0) found.insert(i);
      EXPECT_EQ(found, kept) << engine.name << " t " << a.t << " k " << a.k << " p " << a.p << " min_p " << a.min_p;
      sets.insert(kept);
      // What is drawn from: the kept at the temperature, whichever order the engine applies it in.
      std::vector<std::int64_t> order = oracle_order(z);
      std::erase_if(order, [&](std::int64_t i) { return !kept.contains(i); });
      const std::vector<double> wanted = softmax(z, order, a.t);
      for (std::size_t j = 0; j < order.size(); ++j)
        EXPECT_NEAR(shares[static_cast<std::size_t>(order[j])], wanted[j], 2e-6 * wanted[j] + 1e-9) << engine.name;
    }
    differ += sets.size() > 1 ? 1 : 0;
  }
  EXPECT_GT(differ, 30);
}

TEST(Presets, an_unknown_name_is_refused_with_the_known_ones) {
  tk_sampling options = sampling();
  EXPECT_EQ(tk_sampling_preset(&options, "gpt"), TK_INVALID_ARGUMENT);
  EXPECT_STREQ(tk_last_error(),
               "name = gpt: must be one of hf vllm sglang trtllm flashinfer flashinfer_joint llamacpp nanochat");
  EXPECT_EQ(tk_sampling_preset(nullptr, "hf"), TK_INVALID_ARGUMENT);
  EXPECT_EQ(tk_sampling_preset(&options, nullptr), TK_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace topkit::test
