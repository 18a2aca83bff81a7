// topkit sample and topkit logprobs: what they print is what the library draws.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <cmath>
#include <nlohmann/json.hpp>

#include "cli/npy.hpp"
#include "cli/program.hpp"
#include "cli/support.hpp"
#include "sampling/support.hpp"

namespace topkit::cli {
namespace {

using nlohmann::json;
using test::Folder;
using test::raw;
using testing::HasSubstr;

std::vector<float> ramp(std::size_t count) {
  std::vector<float> x(count);
  for (std::size_t i = 0; i < count; ++i) x[i] = static_cast<float>(i * 37 % 101) * 0.05F;
  return x;
}

TEST(Sample, PrintsWhatTheLibraryDraws) {
  const Folder folder;
  const std::vector<float> x = ramp(600);
  const std::string file = folder.write("x.npy", npy_header(DType::f32, Shape{2, 3, 100}) + raw(x));
  const test::Run run = test::topkit({"sample", file, "--temperature", "0.8", "--top-k", "50", "--top-p", "0.9",
                                      "--seed", "7", "--draws", "4", "--candidates", "3", "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const json line = json::parse(run.out);
  tk_sampling options = topkit::test::sampling();
  options.temperature = 0.8F;
  options.top_k = 50;
  options.top_p = 0.9F;
  options.seed = 7;
  std::int64_t positions[] = {0, 1, 2, 3, 4, 5}, rows = 6;  // a row is a position
  DLTensor row_position{positions, {kDLCPU, 0}, 1, {kDLInt, 64, 1}, &rows, nullptr, 0};
  options.row_position = &row_position;
  const topkit::test::Sampled wanted = topkit::test::sample(x, {6, 100, 4, 3}, options);
  ASSERT_EQ(line["tokens"].size(), 6U);
  for (std::size_t r = 0; r < 6; ++r) {
    for (std::size_t d = 0; d < 4; ++d) {
      EXPECT_EQ(line["tokens"][r][d], wanted.tokens[4 * r + d]);
      EXPECT_FLOAT_EQ(line["logprobs"][r][d], wanted.logprobs[4 * r + d]);
    }
    for (std::size_t j = 0; j < 3; ++j) EXPECT_EQ(line["candidates"][r][j], wanted.candidates[3 * r + j]);
    EXPECT_EQ(line["kept"][r], wanted.kept[r]);
    EXPECT_EQ(line["valid"][r], true);
  }
  EXPECT_EQ(line["seed"], 7);
}

TEST(Sample, ReadsEveryLayoutAsTheSameLogits) {
  const Folder folder;
  const std::vector<float> x = ramp(200);
  const std::vector<double> wide(x.begin(), x.end());
  std::vector<float> fortran(200);
  for (std::size_t r = 0; r < 2; ++r)
    for (std::size_t c = 0; c < 100; ++c) fortran[c * 2 + r] = x[r * 100 + c];
  const std::string plain = folder.write("plain.npy", npy_header(DType::f32, Shape{2, 100}) + raw(x));
  const std::string f64 = folder.write("f64.npy", npy_header(DType::f64, Shape{2, 100}) + raw(wide));
  const std::string columns =
      folder.write("f.npy", test::npy("{'descr': '<f4', 'fortran_order': True, 'shape': (2, 100), }", raw(fortran)));
  const auto tokens = [](const std::string& file) {
    const test::Run run = test::topkit({"sample", file, "--draws", "20", "--json"});
    EXPECT_EQ(run.code, 0) << run.err;
    return json::parse(run.out)["tokens"];
  };
  EXPECT_EQ(tokens(f64), tokens(plain));
  EXPECT_EQ(tokens(columns), tokens(plain));
}

TEST(Sample, TableNamesTokensAndRowsWithoutCandidates) {
  const Folder folder;
  std::vector<float> x{1, 5, 2, -INFINITY, -INFINITY, -INFINITY};
  const std::string file = folder.write("x.npy", npy_header(DType::f32, Shape{2, 3}) + raw(x));
  const test::Run run = test::topkit({"sample", file, "--temperature", "0", "--candidates", "2"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("     0           1     -0.0659         1           1     1.000000\n"));
  EXPECT_THAT(run.out, HasSubstr("     1           0        -inf         0  no candidate\n"));
}

TEST(Logprobs, PrintWhatTheLibraryFinds) {
  const Folder folder;
  const std::vector<float> x = ramp(200);
  const std::string file = folder.write("x.npy", npy_header(DType::f32, Shape{2, 100}) + raw(x));
  const test::Run run = test::topkit({"logprobs", file, "-n", "4", "--tokens", "3,-1", "--json"});
  ASSERT_EQ(run.code, 0) << run.err;
  const json rows = json::parse(run.out)["rows"];
  std::vector<std::int64_t> ids(8), tokens{3, -1};
  std::vector<float> logprobs(8), logsumexp(2);
  std::vector<std::int32_t> ranks(2);
  topkit::test::View logits(x, {2, 100}), in_tokens(tokens, {2}), out_ids(ids, {2, 4}), out_logprobs(logprobs, {2, 4}),
      out_logsumexp(logsumexp, {2}), out_ranks(ranks, {2});
  tk_logprobs all;
  tk_logprobs_init(&all);
  all.tokens = in_tokens.get();
  all.ids = out_ids.get();
  all.logprobs = out_logprobs.get();
  all.logsumexp = out_logsumexp.get();
  all.token_ranks = out_ranks.get();
  ASSERT_EQ(tk_topn_logprobs(logits.get(), nullptr, &all, nullptr, nullptr), TK_OK) << tk_last_error();
  for (std::size_t r = 0; r < 2; ++r) {
    for (std::size_t j = 0; j < 4; ++j) {
      EXPECT_EQ(rows[r]["ids"][j], ids[4 * r + j]);
      EXPECT_FLOAT_EQ(rows[r]["logprobs"][j], logprobs[4 * r + j]);
    }
    EXPECT_EQ(rows[r]["token_rank"], ranks[r]);
    EXPECT_FLOAT_EQ(rows[r]["logsumexp"], logsumexp[r]);
  }
  EXPECT_EQ(rows[1]["token_logprob"], "NaN");
  const test::Run table = test::topkit({"logprobs", file, "-n", "1"});
  EXPECT_THAT(table.out, HasSubstr("logprob  probability"));
}

TEST(Sample, RefusesWhatIsWrongByItsName) {
  const Folder folder;
  const std::string file = folder.write("x.npy", npy_header(DType::f32, Shape{2, 3}) + raw(std::vector<float>(6)));
  const std::string ints =
      folder.write("i.npy", npy_header(DType::i32, Shape{2, 3}) + raw(std::vector<std::int32_t>(6)));
  const std::vector<std::pair<std::vector<std::string>, std::string>> wrong{
      {{"sample", file, "--temperature", "warm"}, "--temperature = 'warm': must be a number"},
      {{"sample", file, "--temperature", "-1"}, "temperature = -1: must be finite and not negative"},
      {{"sample", file, "--top-p", "1.5"}, "top_p = 1.5: must be in 0..1"},
      {{"sample", file, "--seed", "-1"}, "--seed = '-1': must be a whole number in 0..2^64 - 1"},
      {{"sample", file, "--draws", "0"}, "--draws = 0: must be in 1.."},
      {{"sample", file, "--preset", "gpt"}, "must be one of hf vllm"},
      {{"sample", ints}, "is i32, logits are f32, f16, bf16 or f64"},
      {{"logprobs", file, "-n", "-2"}, "-n = -2: must not be negative"},
      {{"logprobs", file, "--tokens", "1"}, "has 1 numbers, must have one for each of the 2 rows"},
      {{"logprobs", file, "--tokens", "1,7"}, "tokens[1] = 7: must be in -1..2"}};
  for (const auto& [arguments, sentence] : wrong) {
    const test::Run run = test::topkit(arguments);
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.err, HasSubstr(sentence));
  }
}

}  // namespace
}  // namespace topkit::cli
