// A thread a row: each number of words that a lane keeps, rows of one to eight chunks.
#include "cuda/warp_rows_shape.hpp"
#include "lane_rows_tests.hpp"

namespace topkit::test::topk_warp_rows_test {

struct WarpRows {
  static constexpr bool kTakesWords = false;
  static bool holds(const Args& args) { return cuda::warp_rows_hold(args); }
  static void run(const Args& args) { cuda::run_warp_rows(args, nullptr); }

  template <class F>
  static void each_size(int bytes, std::int64_t, F f) {
    for (const std::int64_t cols : {4, 8, 12, 16, 20, 24, 32, 36, 40, 48, 64, 72, 96, 100, 128, 160, 192, 248, 256}) {
      if (cols * bytes % 16 != 0) continue;
      for (std::int64_t k = 1; k <= std::min(cols, cuda::kWarpRowsMostK); ++k) f(cols, k);
    }
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(TopkWarpRows, LaneRows, WarpRows);

TEST(TopkWarpRows, rows_that_are_not_plain_are_not_taken) {
  Args args;
  args.problem = {.device = DeviceKind::cuda, .dtype = DType::bf16};
  args.problem.rows = 100;
  args.problem.cols = 64;
  args.problem.k = 8;
  args.problem.layout.outer_stride = 64;
  args.values_layout.outer_stride = args.indices_layout.outer_stride = 8;
  EXPECT_TRUE(cuda::warp_rows_hold(args));
  const auto holds = [&](auto change) {
    Args changed = args;
    change(changed);
    return cuda::warp_rows_hold(changed);
  };
  EXPECT_FALSE(holds([](Args& a) { a.problem.k = 9; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.k = 0; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.cols = 60; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.cols = 264; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.layout.outer_stride = 65; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.dtype = DType::f64; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.has_lengths = true; }));
  static std::uint16_t values[800];
  EXPECT_TRUE(holds([](Args& a) { a.values_layout.outer_stride = 9; }));  // nobody wants them
  EXPECT_FALSE(holds([](Args& a) {
    a.values = values;
    a.values_layout.outer_stride = 9;
  }));
  alignas(16) static const char memory[16] = {};
  EXPECT_FALSE(holds([](Args& a) { a.x = memory + 8; }));
}

}  // namespace topkit::test::topk_warp_rows_test
