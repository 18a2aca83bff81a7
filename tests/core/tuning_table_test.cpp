#include "tuning_table.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "distributions.hpp"
#include "status.hpp"

namespace topkit {
namespace {

using testing::HasSubstr;

TuningTable cpu_table() {
  TuningTable table{.device = DeviceKind::cpu,
                    .machine = cpu_device().name,
                    .date = "2026-01-02",
                    .commit = "a\"b\\c",
                    .cpu = {},
                    .cuda = {}};
  table.cpu.assign(built_in_tuning().cpu.begin(), built_in_tuning().cpu.end());
  return table;
}

std::string tuning_complaint(const std::string& text) {
  try {
    parse_tuning(text, "t.json");
  } catch (const Failure& failure) {
    return failure.what();
  }
  return "";
}

TEST(TuningTables, read_back_what_was_written) {
  const TuningTable table = cpu_table();
  const TuningTable read = parse_tuning(to_json(table), "t");
  EXPECT_EQ(read.machine, table.machine);
  EXPECT_EQ(read.commit, table.commit);
  ASSERT_EQ(read.cpu.size(), table.cpu.size());
  for (std::size_t i = 0; i < read.cpu.size(); ++i)
    for (const auto& field : cpu_tuning_fields())
      EXPECT_EQ(read.cpu[i].*field.place, table.cpu[i].*field.place) << field.name;
  TuningTable cuda{.device = DeviceKind::cuda,
                   .machine = "G",
                   .date = "",
                   .commit = "",
                   .cpu = {},
                   .cuda = {built_in_tuning().cuda.back()}};
  const TuningTable gpu = parse_tuning(to_json(cuda), "t");
  for (const auto& field : cuda_tuning_fields())
    EXPECT_EQ(gpu.cuda[0].*field.place, cuda.cuda[0].*field.place) << field.name;
  EXPECT_THAT(to_inc(cuda.cuda[0], cuda), HasSubstr(".capability = 90"));
}

TEST(TuningTables, that_are_broken_are_named_by_line_and_field) {
  const std::string good = to_json(cpu_table());
  const auto changed = [&](const std::string& from, const std::string& to) {
    std::string text = good;
    return tuning_complaint(text.replace(text.find(from), from.size(), to));
  };
  EXPECT_EQ(tuning_complaint(good), "");
  EXPECT_EQ(tuning_complaint("{}"), "t.json line 1: field topkit_tuning is missing: this is no table of topkit tune");
  EXPECT_EQ(tuning_complaint(good + "x"), "t.json line 14: has more behind the object's end");
  EXPECT_THAT(changed("\"topkit_tuning\": 1", "\"topkit_tuning\": 2"), HasSubstr("line 2: field topkit_tuning is 2"));
  EXPECT_EQ(changed("\"maxima_k_ratio\": 1", "\"maxima_k_ratio\": 0"),
            "t.json line 8: field maxima_k_ratio is below 1");
  EXPECT_EQ(changed("\"maxima_bytes\"", "\"maxima_bites\""), "t.json line 8: field maxima_bytes is missing");
  EXPECT_EQ(changed("\"isa\": \"avx2\"", "\"isa\": \"avx2\", \"more\": 1"),
            "t.json line 8: field more is none of a table of this device");
  EXPECT_EQ(changed("\"isa\": \"avx2\"", "\"isa\": \"mmx\""),
            "t.json line 8: field isa is 'mmx': must be one of avx512 avx2 neon scalar");
  EXPECT_EQ(changed("\"chunks_rows\": 8", "\"chunks_rows\": 8.5"), "t.json line 8: has a number that is not whole");
  EXPECT_EQ(changed("\"chunks_rows\": 8", "\"chunks_rows\": 99999999999999999999"),
            "t.json line 8: has a number above 2^63");
  EXPECT_EQ(changed("\"device\": \"cpu\"", "\"device\": \"cpu\", \"device\": \"cpu\""),
            "t.json line 3: field device is there twice");
  for (std::size_t size = 0; size + 2 < good.size(); size += 7)
    EXPECT_NE(tuning_complaint(good.substr(0, size)), "") << size;
}

TEST(TuningTables, of_another_machine_are_refused) {
  TuningTable table = cpu_table();
  table.machine = "Another";
  const std::string text = to_json(table);
  tk_tuning* tuning = nullptr;
  EXPECT_EQ(tk_tuning_read(text.data(), text.size(), &tuning), TK_INVALID_ARGUMENT);
  EXPECT_EQ(tuning, nullptr);
  EXPECT_THAT(tk_last_error(), HasSubstr("was measured on Another (cpu), this is "));
  EXPECT_EQ(tk_tuning_read(text.data(), text.size(), nullptr), TK_INVALID_ARGUMENT);
  tk_tuning_free(nullptr);
}

struct Handle {
  explicit Handle(const std::string& text) {
    EXPECT_EQ(tk_tuning_read(text.data(), text.size(), &tuning), TK_OK) << tk_last_error();
  }
  ~Handle() { tk_tuning_free(tuning); }
  Handle(const Handle&) = delete;
  Handle& operator=(const Handle&) = delete;
  tk_tuning* tuning = nullptr;
};

// Columns of the k best of 9 rows that are 3000 apart.
std::vector<std::int64_t> winners(std::vector<float>& x, std::int64_t cols, std::int64_t k, const tk_tuning* tuning) {
  std::int64_t shape[2] = {9, cols}, strides[2] = {3000, 1}, out_shape[2] = {9, k};
  std::vector<std::int64_t> columns(static_cast<std::size_t>(9 * k));
  DLTensor in{x.data(), {kDLCPU, 0}, 2, {kDLFloat, 32, 1}, shape, strides, 0};
  DLTensor out{columns.data(), {kDLCPU, 0}, 2, {kDLInt, 64, 1}, out_shape, nullptr, 0};
  tk_options options;
  tk_options_init(&options);
  options.tuning = tuning;
  EXPECT_EQ(tk_topk(&in, k, &options, nullptr, &out, nullptr, nullptr), TK_OK) << tk_last_error();
  return columns;
}

// Whatever the thresholds are: another algorithm perhaps, never another answer.
TEST(TuningTables, never_change_a_result) {
  bench::Random random(5);
  std::vector<float> x(9 * 3000);
  for (std::int64_t r = 0; r < 9; ++r)
    bench::fill_row(*bench::find_distribution("few_distinct"), DType::f32, 2, r, 3000, x.data() + r * 3000);
  for (int trial = 0; trial < 60; ++trial) {
    TuningTable table = cpu_table();
    for (CpuTuning& row : table.cpu)
      for (const auto& field : cpu_tuning_fields())
        row.*field.place = field.least + (random.bits() % 3 == 0 ? random.below(3) : random.below(1 << 20));
    const Handle handle(to_json(table));
    for (const std::int64_t cols : {1, 70, 3000})
      for (const std::int64_t k : {std::int64_t{1}, std::min<std::int64_t>(cols, 40), cols})
        EXPECT_EQ(winners(x, cols, k, handle.tuning), winners(x, cols, k, nullptr)) << trial << " " << cols << " " << k;
  }
}

TEST(TuningTables, of_a_gpu_are_refused_by_a_call_on_the_cpu) {
  TuningTable table{.device = DeviceKind::cuda,
                    .machine = "G",
                    .date = "",
                    .commit = "",
                    .cpu = {},
                    .cuda = {built_in_tuning().cuda.back()}};
  const Handle handle(to_json(table));
  std::vector<float> x(9 * 3000);
  std::int64_t shape[1] = {9}, out_shape[1] = {2}, columns[2];
  DLTensor in{x.data(), {kDLCPU, 0}, 1, {kDLFloat, 32, 1}, shape, nullptr, 0};
  DLTensor out{columns, {kDLCPU, 0}, 1, {kDLInt, 64, 1}, out_shape, nullptr, 0};
  tk_options options;
  tk_options_init(&options);
  options.tuning = handle.tuning;
  EXPECT_EQ(tk_topk(&in, 2, &options, nullptr, &out, nullptr, nullptr), TK_INVALID_ARGUMENT);
  EXPECT_THAT(tk_last_error(), HasSubstr("tuning: was measured on G (cuda), this is "));
}

}  // namespace
}  // namespace topkit
