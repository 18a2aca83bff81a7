// Rows of log-probabilities by tiles, on the host stand-in: bit for bit what the kernel says that reads each row
// again for every step, which is held against the CPU elsewhere.
#include <limits>

#include "cuda/sample_shape.hpp"
#include "sample_sheet.hpp"

namespace topkit::test::sample_logprobs_tiles_test {
namespace {

struct Looked {
  std::vector<std::int32_t> ids, ranks, sampled;
  std::vector<float> id_logprobs, token_logprobs, probe_logprobs, logsumexp;
};

Looked look(Sheet& sheet, std::int64_t listed, const SamplePlan& plan) {
  static std::uint64_t order = 0;
  simt::settings().seed = order++ % 8;
  const auto rows = static_cast<std::size_t>(sheet.rows);
  Looked out;
  SampleArgs& args = sheet.args;
  args.problem.op = SampleOp::logprobs;
  args.problem.listed = listed;
  args.problem.has_lengths = args.lengths.data != nullptr;
  args.row_n.value = listed;
  out.sampled.resize(rows);
  for (std::size_t r = 0; r < rows; ++r)
    out.sampled[r] = static_cast<std::int32_t>(r % 5 == 4 ? -1 : (r * 977 + 3) % static_cast<std::size_t>(sheet.cols));
  static const std::vector<std::int32_t> probes{0, 17, 100000, -3};
  args.tokens_in.data = out.sampled.data();
  args.probes = {probes.data(), IndexType::i32, 0, 1, 4};
  args.problem.probes = 4;
  out.ids.assign(rows * static_cast<std::size_t>(listed), -7);
  out.id_logprobs.assign(out.ids.size(), 7);
  out.ranks.assign(rows, -7);
  out.token_logprobs.assign(rows, 7);
  out.probe_logprobs.assign(rows * 4, 7);
  out.logsumexp.assign(rows, 7);
  args.ids = {out.ids.data(), IndexType::i32, listed, 1};
  args.id_logprobs = {out.id_logprobs.data(), listed, 1};
  args.token_ranks = {out.ranks.data(), 1, 1};
  args.token_logprobs = {out.token_logprobs.data(), 1, 1};
  args.probe_logprobs = {out.probe_logprobs.data(), 4, 1};
  args.logsumexp = {out.logsumexp.data(), 1, 1};
  std::vector<std::uint64_t> workspace((cuda::tiled_bytes(args.problem) + 7) / 8, ~std::uint64_t{0});
  cuda::run_sample(plan, args, workspace.data(), nullptr);
  return out;
}

testing::AssertionResult same(const std::vector<float>& a, const std::vector<float>& b, const char* what) {
  for (std::size_t i = 0; i < a.size(); ++i)
    if (std::bit_cast<std::uint32_t>(a[i]) != std::bit_cast<std::uint32_t>(b[i]) &&
        !(std::isnan(a[i]) && std::isnan(b[i])))
      return testing::AssertionFailure() << what << " " << i << " is " << a[i] << ", not " << b[i];
  return testing::AssertionSuccess();
}

void expect_same(Sheet& sheet, std::int64_t listed) {
  SamplePlan reread;
  reread.algorithm = SampleAlgorithm::cuda_reread;
  const Looked wanted = look(sheet, listed, reread);
  for (const int turns : {1, 3}) {
    SamplePlan plan;
    plan.algorithm = SampleAlgorithm::cuda_tiles;
    plan.items_per_thread = turns * static_cast<int>(sampling::kTile) / 32;
    const Looked found = look(sheet, listed, plan);
    EXPECT_EQ(found.ids, wanted.ids);
    EXPECT_EQ(found.ranks, wanted.ranks);
    EXPECT_TRUE(same(found.id_logprobs, wanted.id_logprobs, "logprob"));
    EXPECT_TRUE(same(found.token_logprobs, wanted.token_logprobs, "logprob of the token"));
    EXPECT_TRUE(same(found.probe_logprobs, wanted.probe_logprobs, "probe"));
    EXPECT_TRUE(same(found.logsumexp, wanted.logsumexp, "logsumexp"));
  }
}

TEST(SampleLogprobsTiles, rows_of_many_tiles_and_of_a_part_of_one) {
  for (const DType type : {DType::f32, DType::bf16})
    for (const std::int64_t cols : {1, 37, 1024, 1025, 9001, 70000})
      for (const std::int64_t gap : {0, 7}) {
        Sheet sheet(3, cols, normal, type, gap);
        expect_same(sheet, cols == 9001 ? 64 : 20);
        ASSERT_FALSE(HasFailure()) << cols << " columns and " << gap;
      }
}

TEST(SampleLogprobsTiles, crowds_infinities_and_nan) {
  for (const DType type : {DType::f32, DType::bf16})
    for (const std::int64_t listed : {0, 1, 20, 64}) {
      Sheet sheet(kStrangeRows, 13002, strange, type, 6);
      expect_same(sheet, listed);
      ASSERT_FALSE(HasFailure()) << listed << " listed";
    }
}

TEST(SampleLogprobsTiles, more_equal_granules_than_the_list_holds) {
  for (const std::int64_t listed : {1, 64}) {
    Sheet sheet(3, 131072, [](std::int64_t r, std::int64_t i) {
      return r == 0 ? 2.5F : r == 1 ? static_cast<float>((i * 7919) % 5) : i % 1000 == 999 ? 7.0F : -1.0F;
    });
    expect_same(sheet, listed);
    ASSERT_FALSE(HasFailure()) << listed << " listed";
  }
}

TEST(SampleLogprobsTiles, trends) {
  for (const int shape : {0, 1, 2}) {
    Sheet sheet(2, 40000, [&](std::int64_t r, std::int64_t i) {
      return shape == 0   ? static_cast<float>(i + r)
             : shape == 1 ? -static_cast<float>(i)
                          : static_cast<float>(i / 4000);
    });
    expect_same(sheet, 20);
    ASSERT_FALSE(HasFailure()) << "shape " << shape;
  }
}

TEST(SampleLogprobsTiles, rows_below_zero_and_nan_among_the_best) {
  for (const DType type : {DType::f32, DType::bf16}) {
    Sheet sheet(
        6, 9001,
        [](std::int64_t r, std::int64_t i) {
          const float z = normal(r, i);
          if (r % 3 == 0) return z - 40;
          if (r % 3 == 1 || i % 101 != 0) return z;
          return i % 2 == 0 ? std::numeric_limits<float>::quiet_NaN() : -std::numeric_limits<float>::quiet_NaN();
        },
        type, 6);
    expect_same(sheet, 20);
    ASSERT_FALSE(HasFailure());
  }
}

TEST(SampleLogprobsTiles, every_row_its_own_length_and_temperature) {
  for (const DType type : {DType::f32, DType::bf16}) {
    Sheet sheet(7, 6004, normal, type, 4);
    sheet.by_row(true);
    sheet.lengths = {6004, 1, 700, 0, 2000, 2221, 6003};
    expect_same(sheet, 33);
    ASSERT_FALSE(HasFailure());
  }
}

}  // namespace
}  // namespace topkit::test::sample_logprobs_tiles_test
