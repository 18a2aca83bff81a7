// Draws are distributed as the probabilities say; and the test would notice if they were not: every control is wrong in a
// way that samplers have been, and must be rejected.
#include "statistics.hpp"

#include "noise.hpp"
#include "oracle.hpp"

namespace topkit::test {
namespace {

std::vector<std::int64_t> counted(const std::vector<std::int64_t>& tokens, std::int64_t cols) {
  std::vector<std::int64_t> counts(static_cast<std::size_t>(cols));
  for (const std::int64_t token : tokens) ++counts.at(static_cast<std::size_t>(token));
  return counts;
}

std::vector<double> probabilities(const std::vector<float>& x, const tk_sampling& options) {
  const std::vector<double> z = widened(x, 0, static_cast<std::int64_t>(x.size()));
  const KeptOracle oracle = oracle_kept(z, options);
  EXPECT_GT(oracle.margin, 1e-6);
  const std::vector<double> shares = softmax(z, oracle.ids, options.temperature);
  std::vector<double> all(x.size());
  for (std::size_t j = 0; j < shares.size(); ++j) all[static_cast<std::size_t>(oracle.ids[j])] = shares[j];
  return all;
}

// One token a call's row: by position, as a server draws.
std::vector<std::int64_t> by_position(const std::vector<float>& x, tk_sampling options, std::int64_t draws) {
  const auto cols = static_cast<std::int64_t>(x.size());
  View row(const_cast<float*>(x.data()), dl_type<float>(), {draws, cols}, {0, 1});
  std::vector<std::uint64_t> positions(static_cast<std::size_t>(draws));
  std::iota(positions.begin(), positions.end(), options.position);
  View row_position(positions, {draws});
  options.row_position = row_position.get();
  std::vector<std::int64_t> tokens(positions.size());
  View out_tokens(tokens, {draws});
  tk_sampled out;
  tk_sampled_init(&out);
  out.tokens = out_tokens.get();
  EXPECT_EQ(tk_sample(row.get(), &options, &out, nullptr, nullptr), TK_OK) << tk_last_error();
  return tokens;
}

TEST(Statistics, draws_follow_the_probabilities_whatever_is_kept) {
  struct Case {
    std::int64_t cols, draws;
    float t;
    std::int32_t k;
    float p, min_p;
  };
  for (const Case& c : {Case{50, 60000, 1, 0, 1, 0}, Case{400, 40000, 0.8F, 0, 1, 0}, Case{400, 40000, 0.8F, 50, 1, 0},
                        Case{400, 40000, 1.2F, 50, 0.9F, 0}, Case{400, 40000, 1, 0, 0.7F, 0},
                        Case{600, 60000, 4, 0, 0.9F, 0}, Case{1000, 40000, 1, 0, 1, 0.05F}}) {
    const std::vector<float> x = normal_logits(c.cols, 1.5F, 3);
    for (const std::uint64_t seed : {1U, 2U, 3U}) {
      tk_sampling options = sampling();
      options.temperature = c.t;
      options.top_k = c.k;
      options.top_p = c.p;
      options.min_p = c.min_p;
      options.seed = seed;
      const std::vector<double> wanted = probabilities(x, options);
      const auto by_draw = counted(draw(x, {1, c.cols, c.draws}, options), c.cols);
      EXPECT_LT(deviation(by_draw, wanted), kRejected) << c.cols << " k " << c.k << " p " << c.p << " seed " << seed;
      const auto by_place = counted(by_position(x, options, c.draws / 4), c.cols);
      EXPECT_LT(deviation(by_place, wanted), kRejected) << c.cols << " k " << c.k << " p " << c.p << " seed " << seed;
    }
  }
}

TEST(Statistics, controls_that_are_wrong_are_rejected) {
  const std::vector<float> x{2, 1.5F, 1.5F, 1.5F, 0.5F, 0.25F, -0.5F, -1, -2};
  constexpr std::int64_t kCols = 9, kDraws = 1000000;
  tk_sampling options = sampling();
  options.top_k = 4;
  const auto counts = counted(draw(x, {1, kCols, kDraws}, options), kCols);
  const std::vector<double> right = probabilities(x, options);
  EXPECT_LT(deviation(counts, right), kRejected);

  std::vector<double> off = right;  // one share wrong by two percent of itself
  off[0] *= 1.02;
  for (std::size_t i = 1; i < off.size(); ++i) off[i] *= (1 - off[0]) / (1 - right[0]);
  EXPECT_GT(deviation(counts, off), kRejected);

  options.top_k = 3;  // one of the ties dropped
  EXPECT_GT(deviation(counts, probabilities(x, options)), kRejected);
  options.top_k = 5;  // and one token too many
  EXPECT_GT(deviation(counts, probabilities(x, options)), kRejected);

  options.top_k = 4;
  options.temperature = 1.04F;  // the temperature wrong
  EXPECT_GT(deviation(counts, probabilities(x, options)), kRejected);
}

// Of pairs of neighbouring rows, how many have one token: as many as independent rows would, or all.
double pairs_deviation(const std::vector<std::int64_t>& tokens, const std::vector<double>& p) {
  double same = 0, n = 0, found = 0;
  for (const double share : p) same += share * share;
  for (std::size_t i = 0; i + 1 < tokens.size(); i += 2, ++n) found += tokens[i] == tokens[i + 1] ? 1 : 0;
  return (found - n * same) / std::sqrt(n * same * (1 - same));
}

TEST(Statistics, rows_with_different_seeds_are_independent_and_a_seed_reused_is_noticed) {
  const std::vector<float> x = normal_logits(40, 1, 8);
  constexpr std::int64_t kRows = 40000;
  View row(const_cast<float*>(x.data()), dl_type<float>(), {kRows, 40}, {0, 1});
  tk_sampling options = sampling();
  const std::vector<double> wanted = probabilities(x, options);
  std::vector<std::uint64_t> seeds(kRows);
  std::iota(seeds.begin(), seeds.end(), 77U);
  View row_seed(seeds, {kRows});
  const auto draw_all = [&] {
    std::vector<std::int64_t> tokens(kRows);
    View out_tokens(tokens, {kRows});
    tk_sampled out;
    tk_sampled_init(&out);
    out.tokens = out_tokens.get();
    EXPECT_EQ(tk_sample(row.get(), &options, &out, nullptr, nullptr), TK_OK) << tk_last_error();
    return tokens;
  };
  options.row_seed = row_seed.get();
  const auto tokens = draw_all();
  EXPECT_LT(deviation(counted(tokens, 40), wanted), kRejected);
  EXPECT_LT(std::abs(pairs_deviation(tokens, wanted)), kRejected);
  for (std::size_t i = 0; i + 1 < seeds.size(); i += 2) seeds[i + 1] = seeds[i];
  EXPECT_GT(pairs_deviation(draw_all(), wanted), kRejected);
}

// Probability that a token `gap` nats below another wins against it, over all noise of the first: an integral over its
// words, the other's exponential being exact. Cell 0 is cut in octaves, where the least uniforms are.
template <class Noise>
double tail_probability(double gap, const Noise& exponential_of) {
  const auto wins = [&](std::uint32_t r, std::uint32_t more) {
    return std::exp(-exponential_of(r, more) * std::exp(gap));
  };
  constexpr std::uint32_t kCells = 4096, kFew = 16, kParts = 256;
  double sum = 0;
  for (std::uint32_t r = 1; r < kCells; ++r)
    for (std::uint32_t part = 0; part < kFew; ++part) sum += wins(r, (part << 28) + (1U << 27)) / kFew;
  for (std::uint32_t more = 0; more < kParts; ++more) sum += wins(0, more) * 0x1p-32;
  for (std::uint64_t octave = kParts; octave < (std::uint64_t{1} << 32); octave *= 2)
    for (std::uint64_t part = 0; part < kParts; ++part)
      sum += wins(0, static_cast<std::uint32_t>(octave + (2 * part + 1) * octave / (2 * kParts))) *
             (static_cast<double>(octave) / kParts * 0x1p-32);
  return sum;
}

TEST(Statistics, tails_win_as_often_as_they_must_and_24_bits_would_be_noticed) {
  for (const double gap : {18.0, 20.0, 25.0, 30.0, 38.0}) {
    const double wanted = 1 / (1 + std::exp(gap));
    const double found = tail_probability(gap, exponential) * 0x1p-32;
    EXPECT_NEAR(found / wanted, 1, 0.002) << gap;
    const auto coarse = [](std::uint32_t r, std::uint32_t) { return -std::log1p(-(r + 0.5) * 0x1p-24); };
    const double with_24_bits = tail_probability(gap, coarse) * 0x1p-24;
    EXPECT_GT(std::abs(with_24_bits / wanted - 1), 0.3) << gap;
  }
}

TEST(Statistics, a_tail_token_wins_where_its_noise_says_so) {
  // Found by search: words of seed 2026 that are nearly 0, so that their token beats another 19 to 22 nats above it.
  struct Place {
    std::uint64_t position;
    std::int64_t id;
  };
  for (const Place& place : {Place{13425697, 29}, Place{19835078, 31}, Place{84697559, 28}, Place{102606675, 30},
                             Place{120117673, 30}, Place{125813284, 29}}) {
    const std::uint32_t r = noise(2026, place.position, 0, static_cast<std::uint32_t>(place.id), false);
    ASSERT_LT(r, 64U);
    const double e = exponential(r, noise(2026, place.position, 0, static_cast<std::uint32_t>(place.id), true));
    const double other = exponential(noise(2026, place.position, 0, 0, false), noise(2026, place.position, 0, 0, true));
    const double gap = std::log(other) - std::log(e);  // what the noise makes up for
    EXPECT_GT(gap, 16);
    for (const std::string& isa : isas()) {
      for (const std::int32_t k : {0, 2}) {
        std::vector<float> x(32, -kInf);
        tk_sampling options = sampling();
        options.isa = isa.c_str();
        options.seed = 2026;
        options.position = place.position;
        options.top_k = k;
        x[0] = static_cast<float>(gap - 0.01);
        x[static_cast<std::size_t>(place.id)] = 0;
        EXPECT_EQ(draw(x, {1, 32}, options)[0], place.id) << place.position;
        x[0] = static_cast<float>(gap + 0.01);
        EXPECT_EQ(draw(x, {1, 32}, options)[0], 0) << place.position;
        // With 24 bits of it the noise would not make up for so much.
        EXPECT_LT(std::log(other) + std::log(-1 / std::log1p(-((r >> 8) + 0.5) * 0x1p-24)), gap - 0.01);
      }
    }
  }
}

}  // namespace
}  // namespace topkit::test
