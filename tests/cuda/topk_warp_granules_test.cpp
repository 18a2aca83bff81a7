// A thread a row by its granules: each number of words that a lane keeps, whole rows and longer ones, looked into at once or by maxima,
// copied by 4, 8 and 16 bytes.
#include "cuda/warp_granules_shape.hpp"
#include "lane_rows_tests.hpp"

namespace topkit::test::topk_warp_granules_test {

struct WarpGranules {
  static constexpr bool kTakesWords = true;
  static bool holds(const Args& args) { return cuda::warp_granules_hold(args); }
  static void run(const Args& args) { cuda::run_warp_granules(args, nullptr); }

  // Numbers of winners in turn, from call to call: not all of each width, but most of the pairs come up.
  template <class F>
  static void each_size(int bytes, std::int64_t gap, F f) {
    constexpr std::int64_t kLeast = cuda::kWarpGranulesLeastK, kNumbers = cuda::kWarpGranulesMostK - kLeast + 1;
    static std::int64_t step = 0;
    for (const std::int64_t cols : {4,  6,   10,  12,  16,  20,  25,  32,  40,  52,  64,  72, 96,
                                    99, 100, 102, 128, 130, 136, 200, 250, 256, 260, 500, 512}) {
      const bool words = cols * bytes % 4 == 0 && (cols + gap) * bytes % 4 == 0;
      if (!words || cols < kLeast || cols * bytes > 16 * cuda::kMostGranules) continue;
      f(cols, std::min(kLeast + step % kNumbers, cols));
      step += 3;
    }
  }
};
INSTANTIATE_TYPED_TEST_SUITE_P(TopkWarpGranules, LaneRows, WarpGranules);

TEST(TopkWarpGranules, rows_that_are_not_plain_are_not_taken) {
  Args args;
  args.problem = {.device = DeviceKind::cuda, .dtype = DType::bf16};
  args.problem.rows = 100;
  args.problem.cols = 64;
  args.problem.k = 8;
  args.problem.layout.outer_stride = 64;
  args.values_layout.outer_stride = args.indices_layout.outer_stride = 8;
  EXPECT_TRUE(cuda::warp_granules_hold(args));
  const auto holds = [&](auto change) {
    Args changed = args;
    change(changed);
    return cuda::warp_granules_hold(changed);
  };
  EXPECT_FALSE(holds([](Args& a) { a.problem.k = 17; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.k = 3; }));
  EXPECT_TRUE(holds([](Args& a) { a.problem.cols = 60; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.cols = 61; }));
  EXPECT_FALSE(holds([](Args& a) { a.problem.cols = 514; }));
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
  EXPECT_FALSE(holds([](Args& a) { a.x = memory + 2; }));
}

}  // namespace topkit::test::topk_warp_granules_test
