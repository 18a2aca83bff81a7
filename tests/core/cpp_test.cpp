// The C++ interface. Every line of code in its comments is run here; the last test sees to that.
#include <gtest/gtest.h>

#include <algorithm>
#include <array>
#include <cmath>
#include <cstdint>
#include <filesystem>
#include <fstream>
#include <limits>
#include <string>
#include <topkit/topkit.hpp>
#include <vector>

namespace {

using testing::Test;

template <class T>
std::vector<T> list(std::span<const T> span) {
  return {span.begin(), span.end()};
}

TEST(Cpp, SelectsFromAVector) {
  std::vector<float> scores{0.1F, 0.9F, 0.4F, 0.9F};
  auto best = topkit::topk(scores, 2);                       // best.values {0.9, 0.9}, best.indices {1, 3}
  auto worst = topkit::topk(scores, 2, {.largest = false});  // {0.1, 0.4}, {0, 2}
  EXPECT_EQ(best.values, (std::vector{0.9F, 0.9F}));
  EXPECT_EQ(best.indices, (std::vector<std::int64_t>{1, 3}));
  EXPECT_EQ(worst.values, (std::vector{0.1F, 0.4F}));
  EXPECT_EQ(worst.indices, (std::vector<std::int64_t>{0, 2}));
}

TEST(Cpp, SelectsFromEveryRowOfAMatrix) {
  constexpr std::int64_t rows = 3, cols = 200;
  std::vector<float> all(static_cast<std::size_t>(rows * cols));
  for (std::size_t i = 0; i < all.size(); ++i) all[i] = static_cast<float>(i * 7919 % 601);
  const float* data = all.data();
  topkit::MatrixView logits(data, rows, cols);  // row-major; a fourth argument is the row stride
  auto top = topkit::topk(logits, 50);          // top.values[r * 50 + j]; top.row_values(r)[j]
  ASSERT_EQ(top.values.size(), 150U);
  for (std::int64_t r = 0; r < rows; ++r) {
    std::vector<float> row(all.begin() + r * cols, all.begin() + (r + 1) * cols);
    std::stable_sort(row.begin(), row.end(), std::greater<>());
    row.resize(50);
    EXPECT_EQ(list(top.row_values(r)), row);
    for (std::int64_t j = 0; j < 50; ++j)
      EXPECT_EQ(all[static_cast<std::size_t>(r * cols + top.row_indices(r)[static_cast<std::size_t>(j)])],
                top.row_values(r)[static_cast<std::size_t>(j)]);
  }
  auto narrow = topkit::topk<std::int32_t>(topkit::MatrixView(data, rows, cols), 50);  // int32 indices
  static_assert(std::is_same_v<decltype(narrow.indices), std::vector<std::int32_t>>);
  EXPECT_TRUE(std::equal(narrow.indices.begin(), narrow.indices.end(), top.indices.begin(), top.indices.end()));
}

TEST(Cpp, HonoursTheRowStride) {
  const std::vector<int> data{1, 2, 99, 4, 3, 99};
  auto top = topkit::topk(topkit::MatrixView(data.data(), 2, 2, 3), 1);
  EXPECT_EQ(top.values, (std::vector{2, 4}));
  EXPECT_EQ(top.indices, (std::vector<std::int64_t>{1, 0}));
}

TEST(Cpp, WritesIntoTheCallersMemory) {
  const std::vector<float> row{3, 1, 2};
  const float* data = row.data();
  const std::int64_t cols = 3;
  std::array<float, 2> values;
  std::array<std::int32_t, 2> indices;
  topkit::topk_into(topkit::MatrixView(data, 1, cols), 2, values, indices);
  EXPECT_EQ(values, (std::array<float, 2>{3, 2}));
  EXPECT_EQ(indices, (std::array<std::int32_t, 2>{0, 2}));

  indices = {};
  topkit::topk_into(topkit::MatrixView(data, 1, cols), 2, std::span<float>(), std::span(indices));
  EXPECT_EQ(indices, (std::array<std::int32_t, 2>{0, 2}));
  values = {};
  topkit::topk_into(topkit::MatrixView(data, 1, cols), 2, std::span(values), std::span<std::int64_t>());
  EXPECT_EQ(values, (std::array<float, 2>{3, 2}));
}

template <class T>
class CppElements : public Test {};
using Elements = testing::Types<float, double, std::int8_t, std::int16_t, std::int32_t, std::int64_t, std::uint8_t,
                                std::uint16_t, std::uint32_t, std::uint64_t, long long, unsigned long long>;
TYPED_TEST_SUITE(CppElements, Elements);
TYPED_TEST(CppElements, AreSelectedByValue) {
  const std::vector<TypeParam> row{TypeParam{3}, TypeParam{1}, std::numeric_limits<TypeParam>::max(),
                                   std::numeric_limits<TypeParam>::lowest()};
  EXPECT_EQ(topkit::topk(row, 4).indices, (std::vector<std::int64_t>{2, 0, 1, 3}));
  EXPECT_EQ(topkit::topk(row, 4).values[0], std::numeric_limits<TypeParam>::max());
}

TEST(Cpp, SelectsSmallFloatsByTheirBits) {
  using topkit::bfloat16;
  using topkit::float16;
  EXPECT_EQ(topkit::topk(std::vector<float16>{{0x3c00}, {0xc000}, {0x7c00}}, 3).indices,  // 1, -2, inf
            (std::vector<std::int64_t>{2, 0, 1}));
  EXPECT_EQ(topkit::topk(std::vector<bfloat16>{{0x3f80}, {0x7fc0}, {0x4000}}, 2, {.nan = topkit::Nan::last}).values,
            (std::vector<bfloat16>{{0x4000}, {0x3f80}}));                                         // 1, NaN, 2
  EXPECT_EQ(topkit::topk(std::vector<topkit::float8_e4m3fn>{{0x38}, {0x7e}, {0x7f}}, 3).indices,  // 1, 448, NaN
            (std::vector<std::int64_t>{2, 1, 0}));
  EXPECT_EQ(topkit::topk(std::vector<topkit::float8_e5m2>{{0x3c}, {0x7b}, {0x7c}}, 3).indices,  // 1, 57344, inf
            (std::vector<std::int64_t>{2, 1, 0}));
}

TEST(Cpp, PassesEveryOption) {
  const std::vector<double> data{5, 1, 4, 2, 3, 9};  // two rows
  const std::vector<std::int64_t> lengths{2, 3}, starts{1, 0}, row_k{1, 3};
  const double fill = -1;
  int calls = 0;
  const auto inline_pool = [](void* pool, std::int64_t tasks, tk_task body, void* arg) {
    ++*static_cast<int*>(pool);
    for (std::int64_t i = 0; i < tasks; ++i) body(arg, i);
  };
  const auto top = topkit::topk(topkit::MatrixView(data.data(), 2, 3), 3,
                                {.order = topkit::Order::index,
                                 .lengths = lengths,
                                 .starts = starts,
                                 .row_k = row_k,
                                 .fill = &fill,
                                 .isa = "scalar",
                                 .threads = 2,
                                 .parallel_for = inline_pool,
                                 .pool = &calls});
  EXPECT_EQ(top.values, (std::vector<double>{4, -1, -1, 2, 3, 9}));
  EXPECT_EQ(top.indices, (std::vector<std::int64_t>{2, -1, -1, 0, 1, 2}));
}

TEST(Cpp, MergesShards) {
  // Two shards, one row each: the ids are positions in the whole row.
  std::vector<float> values{9, 7, /* second shard */ 8, 1};
  std::vector<std::int64_t> ids{3, 0, /* second shard */ 6, 5};
  auto merged = topkit::merge_topk(values, ids, {.parts = 2, .rows = 1, .width = 2}, 3);  // 9 8 7, ids 3 6 0
  EXPECT_EQ(merged.values, (std::vector<float>{9, 8, 7}));
  EXPECT_EQ(merged.indices, (std::vector<std::int64_t>{3, 6, 0}));
}

TEST(Cpp, ThrowsTheSentenceAndTheStatus) {
  const auto refusal = [](auto&& call) -> std::string {
    try {
      call();
      return "";
    } catch (const topkit::Error& error) {
      EXPECT_EQ(error.status(), TK_INVALID_ARGUMENT);
      return error.what();
    }
  };
  const std::vector<float> row{3, 1, 2};
  EXPECT_EQ(refusal([&] { topkit::topk(row, 4); }), "k = 4: must be in 0..3, the length of the selected axis of x");
  EXPECT_EQ(refusal([&] { topkit::topk(row, -1); }), "k = -1: must not be negative");
  EXPECT_EQ(refusal([&] { topkit::topk(row, 2, {.algorithm = "heap"}); }),
            "algorithm = heap: on cpu it must be one of argmax maxima blocked sampled split");
  EXPECT_EQ(refusal([&] { topkit::topk(topkit::MatrixView(row.data(), -1, 3), 2); }),
            "x.shape[0] = -1: must not be negative");
  std::array<float, 3> values;
  std::array<std::int64_t, 2> indices;
  EXPECT_EQ(refusal([&] {
              topkit::topk_into(topkit::MatrixView(row.data(), 1, 3), 2, std::span(values), std::span(indices));
            }),
            "values.size() = 3: must be rows * k = 1 * 2");
  EXPECT_EQ(refusal([&] {
              topkit::topk_into(topkit::MatrixView(row.data(), 1, 3), 2, std::span<float>(), std::span<std::int64_t>());
            }),
            "values.size() = 0 and indices.size() = 0: at least one must be given");
  EXPECT_EQ(refusal([&] { topkit::merge_topk(row, indices, {.parts = 1, .rows = 1, .width = 3}, 1); }),
            "values and ids have 3 and 2 elements: must be 3, parts * rows * width");
}

TEST(Cpp, SelectsNothingFromNothing) {
  EXPECT_TRUE(topkit::topk(std::vector<float>{}, 0).values.empty());
  EXPECT_TRUE(topkit::topk(std::vector<float>{1, 2}, 0).indices.empty());
}

TEST(Cpp, TakesTensorsOfAnyRank) {
  std::array<float, 8> data{1, 8, 3, 6, 5, 4, 7, 2};
  std::array<std::int64_t, 4> indices{};
  std::int64_t shape[3] = {2, 2, 2}, out_shape[3] = {2, 1, 2};
  DLTensor x{data.data(), {kDLCPU, 0}, 3, {kDLFloat, 32, 1}, shape, nullptr, 0};
  DLTensor out{indices.data(), {kDLCPU, 0}, 3, {kDLInt, 64, 1}, out_shape, nullptr, 0};
  tk_options options;
  tk_options_init(&options);
  options.axis = 1;
  EXPECT_EQ(topkit::topk_workspace(x, 1, options, nullptr, &out), 0U);
  topkit::topk(x, 1, options, nullptr, &out);
  EXPECT_EQ(indices, (std::array<std::int64_t, 4>{1, 0, 1, 0}));
}

TEST(Cpp, MergesTensorsOfAnyStrides) {
  std::array<float, 4> values{9, 8, 7, 1};  // [rows, width, parts]
  std::array<std::int32_t, 4> ids{3, 6, 0, 5}, best{};
  std::int64_t shape[3] = {2, 1, 2}, strides[3] = {1, 4, 2}, out_shape[2] = {1, 3};
  const DLTensor in{values.data(), {kDLCPU, 0}, 3, {kDLFloat, 32, 1}, shape, strides, 0};
  const DLTensor names{ids.data(), {kDLCPU, 0}, 3, {kDLInt, 32, 1}, shape, strides, 0};
  DLTensor out{best.data(), {kDLCPU, 0}, 2, {kDLInt, 32, 1}, out_shape, nullptr, 0};
  tk_options options;
  tk_options_init(&options);
  EXPECT_EQ(topkit::merge_topk_workspace(in, names, 3, options), 0U);
  topkit::merge_topk(in, names, 3, options, nullptr, &out);
  EXPECT_EQ(best, (std::array<std::int32_t, 4>{3, 6, 0, 0}));
}

TEST(Cpp, ExplainsAndLists) {
  const std::vector<float> row(100);
  EXPECT_NE(topkit::explain(topkit::MatrixView(row.data(), 1, 100), 1).find("algorithm: argmax\n"), std::string::npos);
  EXPECT_EQ(topkit::algorithms().size() + topkit::algorithms(kDLCUDA).size(),
            static_cast<std::size_t>(tk_algorithm_count()));
  ASSERT_FALSE(topkit::isas().empty());
  EXPECT_EQ(topkit::isas().back(), "scalar");
}

// Without comments and white space.
std::string bare(std::string line) {
  line.erase(std::min(line.find("//"), line.size()));
  std::erase_if(line, [](char c) { return c == ' ' || c == '\n'; });
  return line;
}

// A table for this machine, whose name the refusal of another one's tells.
TEST(Cpp, UsesATableOfTuning) {
  const std::vector<float> scores{1, 7, 7, 0};
  const auto table = [](const std::string& machine) {
    std::string rows;
    for (const std::string_view isa : topkit::isas())
      rows +=
          std::string(rows.empty() ? "" : ",") + "{\"isa\": \"" + std::string(isa) +
          "\", \"maxima_bytes\": 0, \"maxima_k\": 0, \"maxima_k_ratio\": 1, \"chunks_k\": 0, \"chunks_k_ratio\": 1, "
          "\"chunks_rows\": 0, \"blocked_k_ratio\": 1, \"sampled_cols\": 0, \"sampled_k_ratio\": 1, \"thread_bytes\": "
          "1, "
          "\"split_row_bytes\": 0}";
    return R"({"topkit_tuning": 1, "device": "cpu", "machine": ")" + machine +
           R"(", "date": "", "commit": "", "rows": [)" + rows + "]}";
  };
  std::string machine;
  try {
    const topkit::Tuning other(table("?"));
  } catch (const topkit::Error& error) {
    const std::string words = error.what();
    const std::size_t begin = words.find("this is ") + 8;
    machine = words.substr(begin, words.find(" (cpu)", begin) - begin);
  }
  const std::string text = table(machine);
  const topkit::Tuning tuning(text);
  auto best = topkit::topk(scores, 2, {.tuning = tuning.get()});
  EXPECT_EQ(best.indices, (std::vector<std::int64_t>{1, 2}));
  EXPECT_NE(topkit::explain(topkit::MatrixView(scores.data(), 1, 4), 2, {.tuning = tuning.get()}).find("sampled"),
            std::string::npos);
}

TEST(Cpp, RunsEveryLineOfTheHeadersExamples) {
  const std::filesystem::path root = TOPKIT_SOURCE_DIR;
  std::ifstream header(root / "include/topkit/topkit.hpp"), tests(root / "tests/core/cpp_test.cpp");
  ASSERT_TRUE(header && tests);
  std::string run, line;
  while (std::getline(tests, line)) run += bare(line);
  int examples = 0;
  while (std::getline(header, line)) {
    if (!line.starts_with("//   ")) continue;
    const std::string code = bare(line.substr(2));
    EXPECT_NE(run.find(code), std::string::npos) << line;
    examples += code.empty() ? 0 : 1;
  }
  EXPECT_GE(examples, 10);
}

}  // namespace
