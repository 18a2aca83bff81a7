// merge_topk on the stand-in against merge_topk on the CPU, byte for byte.
#include <gtest/gtest.h>

#include <cstdlib>
#include <cstring>
#include <vector>

#include "engines.hpp"
#include "support/merge_parts.hpp"

namespace topkit::test::merge_test {
namespace {

constexpr std::size_t kAlignment = 256;

// Workspace of exactly so many bytes, dirty, in memory that sanitizers watch.
class Workspace {
 public:
  explicit Workspace(std::size_t bytes) : bytes_(static_cast<std::int64_t>(bytes)) {
    if (bytes == 0) return;
    memory_ = std::aligned_alloc(kAlignment, (bytes + kAlignment - 1) / kAlignment * kAlignment);
    std::memset(memory_, 0x77, bytes);
  }
  Workspace(const Workspace&) = delete;
  Workspace& operator=(const Workspace&) = delete;
  ~Workspace() { std::free(memory_); }
  DLTensor at(DLDevice device) { return {memory_, device, 1, {kDLUInt, 8, 1}, &bytes_, nullptr, 0}; }

 private:
  std::int64_t bytes_;
  void* memory_ = nullptr;
};

tk_status merge_on(MergeParts& parts, DLDevice device, MergeTensor* values, MergeTensor* ids) {
  DLTensor in_values = parts.values.on_host(device), in_ids = parts.ids.on_host(device);
  DLTensor out_values{}, out_ids{};
  if (values != nullptr) out_values = values->on_host(device);
  if (ids != nullptr) out_ids = ids->on_host(device);
  std::size_t bytes = 0;
  const tk_status asked = tk_merge_topk_workspace(&in_values, &in_ids, parts.c.k, &parts.options, &bytes);
  if (asked != TK_OK) return asked;
  Workspace workspace(bytes);
  DLTensor scratch = workspace.at(device);
  return tk_merge_topk(&in_values, &in_ids, parts.c.k, &parts.options, values != nullptr ? &out_values : nullptr,
                       ids != nullptr ? &out_ids : nullptr, bytes > 0 ? &scratch : nullptr, nullptr);
}

void check(const MergeCase& c, std::uint64_t seed, Ordinal ordinal = kWhole) {
  SCOPED_TRACE(describe(c) + ", lane order " + std::to_string(seed % 16));
  MergeParts parts(c, seed);
  MergeTensor values = parts.merged_values(), ids = parts.merged_ids();
  MergeTensor cuda_values = values, cuda_ids = ids;
  ASSERT_EQ(merge_on(parts, {kDLCPU, 0}, &values, &ids), TK_OK) << tk_last_error();
  simt::settings().seed = seed % 16;
  ASSERT_EQ(merge_on(parts, {kDLCUDA, ordinal}, &cuda_values, &cuda_ids), TK_OK) << tk_last_error();
  ASSERT_EQ(cuda_ids.bytes, ids.bytes);
  ASSERT_EQ(cuda_values.bytes, values.bytes);
}

TEST(CudaMerge, agrees_for_every_type_and_option) {
  std::uint64_t seed = 1;
  for (int dtype = 0; dtype < kDTypes; ++dtype)
    for (const bool largest : {true, false})
      for (const Nan nan : {Nan::largest, Nan::last})
        for (const Order order : {Order::value, Order::index, Order::any})
          for (const unsigned bits : {0U, 3U, 64U}) {
            ++seed;
            check({.dtype = static_cast<DType>(dtype),
                   .parts = 5,
                   .rows = 3,
                   .width = 7,
                   .k = 11,
                   .largest = largest,
                   .nan = nan,
                   .order = order,
                   .wide = bits == 3,
                   .bits = bits,
                   .cube = static_cast<Cube>(seed % 4)},
                  seed);
          }
}

TEST(CudaMerge, agrees_for_every_number_of_parts_and_places) {
  std::uint64_t seed = 1000;
  for (const std::int64_t parts : {1, 2, 3, 7, 8, 9, 31, 64, 65, 130})
    for (const std::int64_t width : {1, 2, 33, 70})
      for (const std::int64_t k :
           {std::int64_t{0}, std::int64_t{1}, std::int64_t{3}, parts, parts * width / 2, parts * width})
        for (const Filling filling : {Filling::random, Filling::full})
          if (++seed; k <= parts * width && k * parts < 60000)
            check({.dtype = seed % 2 == 0 ? DType::f16 : DType::f32,
                   .parts = parts,
                   .rows = 2,
                   .width = width,
                   .k = k,
                   .bits = seed % 3 == 0 ? 4U : 64U,
                   .filling = filling},
                  seed, seed % 2 == 0 ? kSlice : kWhole);
}

TEST(CudaMerge, rows_by_one_block_and_by_several) {
  std::uint64_t seed = 2000;
  for (const std::int64_t rows : {1, 2, 7, 40})
    for (const std::int64_t k : {50, 300, 900})
      for (const unsigned bits : {5U, 64U})
        check({.parts = 4, .rows = rows, .width = 300, .k = k, .bits = bits, .filling = Filling::full}, ++seed, kSlice);
}

// The bound of one candidate a part tells little: candidates are ranked to find who does not win.
TEST(CudaMerge, parts_that_are_better_than_others) {
  std::uint64_t seed = 3000;
  for (const Spread spread : {Spread::one_best, Spread::in_turn})
    for (const std::int64_t rows : {1, 12})
      for (const Order order : {Order::value, Order::index})
        for (const std::int64_t k : {1, 70, 500})
          for (const unsigned bits : {9U, 64U})
            check({.dtype = DType::f32,
                   .parts = 7,
                   .rows = rows,
                   .width = 500,
                   .k = k,
                   .order = order,
                   .bits = bits,
                   .filling = Filling::full,
                   .spread = spread},
                  ++seed, kSlice);
}

TEST(CudaMerge, equal_keys_and_repeated_ids) {
  std::uint64_t seed = 4000;
  for (const Order order : {Order::value, Order::index})
    for (const unsigned bits : {0U, 2U})
      for (const std::int64_t k : {5, 100, 400})
        check({.parts = 5,
               .rows = 3,
               .width = 80,
               .k = k,
               .order = order,
               .bits = bits,
               .filling = Filling::full,
               .repeated_ids = true},
              ++seed);
}

TEST(CudaMerge, parts_without_candidates) {
  for (const Order order : {Order::value, Order::index})
    check({.parts = 6, .rows = 3, .width = 40, .k = 70, .order = order, .filling = Filling::none}, 5000);
}

TEST(CudaMerge, more_parts_than_threads_and_than_a_table_in_shared_memory) {
  std::uint64_t seed = 6000;
  for (const std::int64_t parts : {300, 2048, 2049, 3000})
    for (const Order order : {Order::value, Order::index})
      check({.parts = parts, .rows = 13, .width = 2, .k = 30, .order = order, .bits = 12}, ++seed, kSlice);
  check({.parts = 2100, .rows = 2, .width = 1, .k = 2100, .bits = 12}, ++seed);
}

// More candidates than shared memory holds.
TEST(CudaMerge, many_winners) {
  std::uint64_t seed = 7000;
  for (const std::int64_t rows : {1, 20})
    check({.dtype = DType::f64, .parts = 2, .rows = rows, .width = 6000, .k = 6000, .filling = Filling::full}, ++seed,
          kSlice);
}

TEST(CudaMerge, one_output_may_be_left_out) {
  for (const Order order : {Order::value, Order::index}) {
    MergeParts parts({.parts = 3, .rows = 2, .width = 9, .k = 8, .order = order}, 8000);
    MergeTensor values = parts.merged_values(), ids = parts.merged_ids();
    MergeTensor cuda_values = values, cuda_ids = ids;
    ASSERT_EQ(merge_on(parts, {kDLCPU, 0}, &values, &ids), TK_OK);
    ASSERT_EQ(merge_on(parts, {kDLCUDA, 0}, &cuda_values, nullptr), TK_OK);
    ASSERT_EQ(merge_on(parts, {kDLCUDA, 0}, nullptr, &cuda_ids), TK_OK);
    EXPECT_EQ(cuda_values.bytes, values.bytes);
    EXPECT_EQ(cuda_ids.bytes, ids.bytes);
  }
}

// What is promised of parts that are not in order is that nothing else is written and that the call ends.
TEST(CudaMerge, parts_that_are_not_in_order_stay_within_the_outputs) {
  for (const Order order : {Order::value, Order::index})
    for (std::uint64_t seed = 0; seed < 6; ++seed) {
      MergeParts parts({.parts = 4, .rows = 3, .width = 300, .k = 250, .order = order}, seed);
      std::mt19937_64 random(seed);
      for (std::int64_t part = 0; part < 4; ++part)
        for (std::int64_t row = 0; row < 3; ++row)
          for (std::int64_t place = 0; place < 300; ++place) {
            parts.values.store(part, row, place, random());
            parts.ids.store(part, row, place, random() % 3 == 0 ? ~0ULL : random() % 90);
          }
      MergeTensor values = parts.merged_values(), ids = parts.merged_ids();
      ASSERT_EQ(merge_on(parts, {kDLCUDA, seed % 2 == 0 ? kWhole : kSlice}, &values, &ids), TK_OK) << tk_last_error();
    }
}

TEST(CudaMerge, asks_for_its_workspace) {
  MergeParts parts({.parts = 3, .rows = 2, .width = 9, .k = 8, .order = Order::index}, 1);
  MergeTensor out = parts.merged_ids();
  const DLDevice device{kDLCUDA, 0};
  DLTensor values = parts.values.on_host(device), ids = parts.ids.on_host(device), out_ids = out.on_host(device);
  std::size_t bytes = 0;
  ASSERT_EQ(tk_merge_topk_workspace(&values, &ids, 8, &parts.options, &bytes), TK_OK);
  ASSERT_GT(bytes, 0U);
  const auto refusal = [&](DLTensor* workspace) {
    EXPECT_EQ(tk_merge_topk(&values, &ids, 8, &parts.options, nullptr, &out_ids, workspace, nullptr),
              TK_INVALID_ARGUMENT);
    return std::string(tk_last_error());
  };
  const std::string needs = std::to_string(bytes);
  EXPECT_EQ(refusal(nullptr), "workspace = NULL: this call needs " + needs + " bytes (tk_merge_topk_workspace)");
  Workspace small(bytes - 1);
  DLTensor scratch = small.at(device);
  EXPECT_EQ(refusal(&scratch), "workspace has " + std::to_string(bytes - 1) + " bytes: this call needs " + needs +
                                   " (tk_merge_topk_workspace)");
}

}  // namespace
}  // namespace topkit::test::merge_test
