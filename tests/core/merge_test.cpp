// merge_topk against a stable sort of all candidates, and the property it exists for: topk of a whole row is the merge
// of the topk of its pieces.
#include "merge.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>
#include <string>
#include <vector>

#include "call.hpp"
#include "support/merge_parts.hpp"
#include "support/oracle.hpp"

namespace topkit::test {
namespace {

struct Candidate {
  std::uint64_t id;  // raw bits
  std::uint64_t raw;
};

void check(const MergeCase& c, std::uint64_t seed, int threads = 1) {
  SCOPED_TRACE(describe(c));
  MergeParts parts(c, seed);
  const DTypeInfo& type = info(c.dtype);
  const auto number = [&](std::uint64_t id) {
    return c.wide ? static_cast<std::int64_t>(id) : static_cast<std::int32_t>(static_cast<std::uint32_t>(id));
  };
  const auto ranks = [&](const Candidate& a, const Candidate& b) {
    const long double va = decode(c.dtype, a.raw), vb = decode(c.dtype, b.raw);
    if (better(va, vb, c.largest, c.nan)) return true;
    if (better(vb, va, c.largest, c.nan)) return false;
    return number(a.id) < number(b.id);
  };
  MergeTensor found_values = parts.merged_values(), found_ids = parts.merged_ids();
  DLTensor values = parts.values.on_host(), ids = parts.ids.on_host();
  DLTensor out_values = found_values.on_host(), out_ids = found_ids.on_host();
  parts.options.threads = threads;
  ASSERT_EQ(tk_merge_topk(&values, &ids, c.k, &parts.options, &out_values, &out_ids, nullptr, nullptr), TK_OK)
      << tk_last_error();

  for (std::int64_t r = 0; r < c.rows; ++r) {
    std::vector<Candidate> row;
    for (std::int64_t part = 0; part < c.parts; ++part)
      for (std::int64_t place = 0; place < c.width; ++place) {
        const std::uint64_t id = parts.ids.load(part, r, place);
        if (number(id) != -1) row.push_back({id, parts.values.load(part, r, place)});
      }
    std::sort(row.begin(), row.end(), ranks);
    row.resize(std::min(row.size(), static_cast<std::size_t>(c.k)));
    if (c.order == Order::index)
      std::sort(row.begin(), row.end(),
                [&](const Candidate& a, const Candidate& b) { return number(a.id) < number(b.id); });
    row.resize(static_cast<std::size_t>(c.k),
               {~std::uint64_t{0}, c.largest ? type.worst_of_largest : type.worst_of_smallest});
    for (std::int64_t j = 0; j < c.k; ++j) {
      const Candidate& expected = row[static_cast<std::size_t>(j)];
      ASSERT_EQ(number(found_ids.load(r, j)), number(expected.id)) << "row " << r << " place " << j;
      ASSERT_EQ(found_values.load(r, j), expected.raw) << "row " << r << " place " << j;
    }
  }
}

TEST(Merge, AgreesWithAStableSortForEveryTypeAndOption) {
  std::uint64_t seed = 1;
  for (int dtype = 0; dtype < kDTypes; ++dtype)
    for (const bool largest : {true, false})
      for (const Nan nan : {Nan::largest, Nan::last})
        for (const Order order : {Order::value, Order::index, Order::any})
          for (const unsigned bits : {0U, 3U, 64U})
            check({static_cast<DType>(dtype), 5, 3, 7, 11, largest, nan, order, bits == 3, bits}, ++seed);
}

TEST(Merge, AgreesForEveryNumberOfPartsAndPlaces) {
  std::uint64_t seed = 1000;
  for (std::int64_t parts = 1; parts <= 20; ++parts)
    for (const std::int64_t width : {1, 2, 9})
      for (const std::int64_t k : {std::int64_t{1}, std::int64_t{3}, parts * width / 2, parts * width})
        if (k <= parts * width)
          check({.dtype = DType::f16, .parts = parts, .rows = 2, .width = width, .k = k, .bits = 5}, ++seed);
}

TEST(Merge, TakesManyPartsAndThreads) {
  check({.parts = 1000, .rows = 4, .width = 16, .k = 500, .bits = 12}, 5, 4);
  check({.parts = 3, .rows = 999, .width = 16, .k = 16, .bits = 12}, 6, 3);
}

TEST(Merge, OfEqualCandidatesTakesTheLowestIds) {
  OwnTensor values(kF32, {3, 1, 2}), ids(kI64, {3, 1, 2}), out(kI64, {1, 4});
  ids.set<std::int64_t>({4, 9, 2, 7, 3, 5});
  ASSERT_EQ(tk_merge_topk(&values.dl, &ids.dl, 4, nullptr, nullptr, &out.dl, nullptr, nullptr), TK_OK)
      << tk_last_error();
  EXPECT_EQ(std::vector<std::int64_t>(out.room.begin(), out.room.begin() + 4), (std::vector<std::int64_t>{2, 3, 4, 5}));
}

TEST(Merge, TakesTheLastIdOfTheTypeWithTheWorstKey) {
  const std::uint32_t nan = 0x7fc00000;
  OwnTensor values(kF32, {2, 1, 2}), ids(kI64, {2, 1, 2}), out(kI64, {1, 3}), out_values(kF32, {1, 3});
  values.set<std::uint32_t>({nan, 0, nan, 0});
  ids.set<std::int64_t>(
      {std::numeric_limits<std::int64_t>::max(), -1, std::numeric_limits<std::int64_t>::max() - 1, -1});
  tk_options options;
  tk_options_init(&options);
  options.nan = TK_NAN_LAST;
  const float fill = 42;
  options.fill = &fill;
  ASSERT_EQ(tk_merge_topk(&values.dl, &ids.dl, 3, &options, &out_values.dl, &out.dl, nullptr, nullptr), TK_OK);
  EXPECT_EQ(out.room[0], std::numeric_limits<std::int64_t>::max() - 1);
  EXPECT_EQ(out.room[1], std::numeric_limits<std::int64_t>::max());
  EXPECT_EQ(out.room[2], -1);
  EXPECT_EQ(out_values.as<float>()[2], 42.0F);
}

TEST(Merge, OfThePiecesIsTheTopkOfTheWhole) {
  constexpr std::int64_t kRows = 3, kCols = 600, kPieces = 6, kWidth = kCols / kPieces, kK = 50;
  std::mt19937_64 random(3);
  OwnTensor x(kF32, {kRows, kCols}), values(kF32, {kRows, kK}), indices(kI64, {kRows, kK});
  for (std::int64_t i = 0; i < kRows * kCols; ++i) x.as<float>()[i] = static_cast<float>(random() % 40) - 20;
  for (const std::int32_t largest : {0, 1}) {
    tk_options options;
    tk_options_init(&options);
    options.largest = largest;
    ASSERT_EQ(tk_topk(&x.dl, kK, &options, &values.dl, &indices.dl, nullptr, nullptr), TK_OK) << tk_last_error();

    OwnTensor parts(kF32, {kPieces, kRows, kK}), ids(kI64, {kPieces, kRows, kK}), columns(kI64, {kCols});
    std::iota(columns.room.begin(), columns.room.end(), 0);
    for (std::int64_t piece = 0; piece < kPieces; ++piece) {
      OwnTensor view(kF32, {kRows, kWidth}, 0), own(kI64, {kWidth}, 0), to(kF32, {kRows, kK}, 0),
          at(kI64, {kRows, kK}, 0);
      view.stride({kCols, 1});
      view.dl.data = x.as<float>() + piece * kWidth;
      own.dl.data = &columns.room[static_cast<std::size_t>(piece * kWidth)];
      to.dl.data = parts.as<float>() + piece * kRows * kK;
      at.dl.data = ids.as<std::int64_t>() + piece * kRows * kK;
      tk_options piece_options = options;
      piece_options.ids = &own.dl;
      ASSERT_EQ(tk_topk(&view.dl, kK, &piece_options, &to.dl, &at.dl, nullptr, nullptr), TK_OK) << tk_last_error();
    }
    OwnTensor merged(kF32, {kRows, kK}), merged_ids(kI64, {kRows, kK});
    ASSERT_EQ(tk_merge_topk(&parts.dl, &ids.dl, kK, &options, &merged.dl, &merged_ids.dl, nullptr, nullptr), TK_OK)
        << tk_last_error();
    EXPECT_EQ(merged.room, values.room);
    EXPECT_EQ(merged_ids.room, indices.room);
  }
}

struct SmallMerge {
  OwnTensor values{kF32, {2, 4, 3}}, ids{kI64, {2, 4, 3}}, out_values{kF32, {4, 3}}, out_ids{kI64, {4, 3}};
  std::int64_t k = 3;
  tk_options options;
  DLTensor *out_values_arg = &out_values.dl, *out_ids_arg = &out_ids.dl, *workspace = nullptr;
  void* stream = nullptr;

  SmallMerge() { tk_options_init(&options); }
  std::string refusal() {
    const tk_status status =
        tk_merge_topk(&values.dl, &ids.dl, k, &options, out_values_arg, out_ids_arg, workspace, stream);
    return status == TK_OK ? "" : std::string(tk_status_name(status)) + ": " + tk_last_error();
  }
};

TEST(Merge, RefusesTensorsThatDoNotFit) {
  SmallMerge call;
  EXPECT_EQ(call.refusal(), "");
  call.values.reshape({8, 3});
  EXPECT_EQ(call.refusal(), "invalid argument: values.shape = [8, 3]: must be [parts, rows, width]");
  call.values.reshape({2, 4, 3});
  call.ids.reshape({2, 3, 4});
  EXPECT_EQ(call.refusal(), "invalid argument: ids.shape = [2, 3, 4]: must be the shape of values, [2, 4, 3]");
  call.ids.reshape({2, 4, 3});
  call.ids.dl.dtype = kF32;
  EXPECT_EQ(call.refusal(), "invalid argument: ids.dtype = (code 2, 32 bits, 1 lanes): must be int32 or int64");
  call.ids.dl.dtype = kI32;
  EXPECT_EQ(call.refusal(), "invalid argument: out_ids.dtype = int64: must be the type of ids, int32");
  call.ids.dl.dtype = kI64;
  call.out_values.dl.dtype = kI32;
  EXPECT_EQ(call.refusal(), "invalid argument: out_values.dtype = i32: must be the type of values, f32");
  call.out_values.dl.dtype = kF32;
  call.out_ids.reshape({4, 2});
  EXPECT_EQ(call.refusal(), "invalid argument: out_ids.shape = [4, 2]: must be [4, 3]");
  call.out_ids.reshape({4, 3});
  call.out_ids.stride({1, 1});
  EXPECT_EQ(
      call.refusal(),
      "invalid argument: out_ids.strides = [1, 1] with shape [4, 3]: elements of an output must not share memory");
  call.out_ids.dl.strides = nullptr;
  call.out_values_arg = call.out_ids_arg = nullptr;
  EXPECT_EQ(call.refusal(), "invalid argument: out_values = NULL and out_ids = NULL: at least one must be given");
}

TEST(Merge, RefusesKOutOfRange) {
  SmallMerge call;
  call.k = 7;
  EXPECT_EQ(call.refusal(), "invalid argument: k = 7: must be in 0..6, the candidates of a row (parts * width)");
  call.k = -1;
  EXPECT_EQ(call.refusal(), "invalid argument: k = -1: must be in 0..6, the candidates of a row (parts * width)");
}

TEST(Merge, RefusesOptionsItDoesNotUse) {
  SmallMerge call;
  call.options.axis = 1;
  EXPECT_EQ(call.refusal(), "invalid argument: axis = 1: must be unset, parts are merged along the last axis");
  call.options.axis = -1;
  call.options.lengths = &call.ids.dl;
  EXPECT_EQ(call.refusal(), "invalid argument: lengths: must be unset, merging does not use it");
  call.options.lengths = nullptr;
  call.options.algorithm = "split";
  EXPECT_EQ(call.refusal(), "invalid argument: algorithm: must be unset, merging does not use it");
}

TEST(Merge, RefusesOverlapsAndForeignDevices) {
  SmallMerge call;
  call.out_values.dl.data = call.values.dl.data;
  EXPECT_EQ(call.refusal(),
            "invalid argument: out_values overlaps values: outputs and workspace must not share memory with any other "
            "argument");
  call.out_values.dl.data = call.out_ids.dl.data;
  EXPECT_EQ(call.refusal(),
            "invalid argument: out_ids overlaps out_values: outputs and workspace must not share memory with any other "
            "argument");
  call.out_values.dl.data = call.out_values.room.data();
  call.out_values.dl.device = {kDLCUDA, 0};
  EXPECT_EQ(call.refusal(),
            "invalid argument: out_values is on cuda:0: all tensors must be on the device of values, cpu");
  call.values.dl.device = call.ids.dl.device = {kDLCUDA, 0};
  EXPECT_EQ(call.refusal(), "invalid argument: out_ids is on cpu: all tensors must be on the device of values, cuda:0");
  call.values.dl.device = call.ids.dl.device = call.out_values.dl.device = {kDLCPU, 0};
  call.stream = &call;
  EXPECT_EQ(call.refusal(), "invalid argument: stream: must be NULL on the CPU");
}

TEST(Merge, NeedsNoWorkspaceOnTheCpu) {
  SmallMerge call;
  std::size_t bytes = 99;
  EXPECT_EQ(tk_merge_topk_workspace(&call.values.dl, &call.ids.dl, 3, &call.options, &bytes), TK_OK);
  EXPECT_EQ(bytes, 0U);
  EXPECT_EQ(tk_merge_topk_workspace(&call.values.dl, &call.ids.dl, 99, &call.options, &bytes), TK_INVALID_ARGUMENT);
}

// On the stand-in of an engine in cuda_loader_test.cpp.
TEST(Merge, OnCudaNeedsAWorkspaceForTheOrderOfIds) {
  SmallMerge call;
  for (OwnTensor* tensor : {&call.values, &call.ids, &call.out_values, &call.out_ids}) tensor->dl.device = {kDLCUDA, 0};
  std::size_t bytes = 99;
  EXPECT_EQ(tk_merge_topk_workspace(&call.values.dl, &call.ids.dl, 3, &call.options, &bytes), TK_OK);
  EXPECT_EQ(bytes, 0U);
  call.stream = &call;
  EXPECT_EQ(call.refusal(), "");

  call.options.order = TK_ORDER_INDEX;
  EXPECT_EQ(tk_merge_topk_workspace(&call.values.dl, &call.ids.dl, 3, &call.options, &bytes), TK_OK);
  EXPECT_EQ(bytes, 256U);
  EXPECT_EQ(call.refusal(), "invalid argument: workspace = NULL: this call needs 256 bytes (tk_merge_topk_workspace)");
  OwnTensor workspace(kU8, {512}, 512);
  workspace.dl.device = {kDLCUDA, 0};
  workspace.dl.byte_offset = (256 - reinterpret_cast<std::uintptr_t>(workspace.dl.data) % 256) % 256;
  call.workspace = &workspace.dl;
  EXPECT_EQ(call.refusal(), "");
  workspace.dl.dtype = kI64;
  EXPECT_EQ(call.refusal(), "invalid argument: workspace.dtype = (code 0, 64 bits): must be uint8");
  workspace.dl.dtype = kU8;
  workspace.dl.device = {kDLCPU, 0};
  EXPECT_EQ(call.refusal(),
            "invalid argument: workspace is on cpu: all tensors must be on the device of values, cuda:0");
  workspace.dl.device = {kDLCUDA, 0};
  workspace.dl.byte_offset += 8;
  EXPECT_THAT(call.refusal(), testing::EndsWith(": must be a multiple of 256"));
  workspace.dl.byte_offset -= 8;
  workspace.reshape({255});
  EXPECT_EQ(call.refusal(), "invalid argument: workspace has 255 bytes: this call needs 256 (tk_merge_topk_workspace)");
  workspace.reshape({512});
  call.out_ids.dl.data = static_cast<std::byte*>(workspace.dl.data) + workspace.dl.byte_offset;
  EXPECT_EQ(call.refusal(),
            "invalid argument: workspace overlaps out_ids: outputs and workspace must not share memory with any other "
            "argument");
}

TEST(Merge, OnCudaCountsARowsCandidatesIn32Bits) {
  SmallMerge call;
  for (OwnTensor* tensor : {&call.values, &call.ids, &call.out_values, &call.out_ids}) tensor->dl.device = {kDLCUDA, 0};
  for (OwnTensor* tensor : {&call.values, &call.ids}) {
    tensor->reshape({65536, 4, 32768});
    tensor->stride({0, 0, 0});
  }
  EXPECT_EQ(call.refusal(),
            "unsupported: values.shape = [65536, 4, 32768]: on CUDA a row has at most 2147483647 candidates (parts * "
            "width)");
}

TEST(Merge, OfNothingIsNothing) {
  SmallMerge call;
  call.k = 0;
  call.out_values.reshape({4, 0});
  call.out_ids.reshape({4, 0});
  EXPECT_EQ(call.refusal(), "");
  call.values.reshape({0, 4, 3});
  call.ids.reshape({0, 4, 3});
  EXPECT_EQ(call.refusal(), "");
}

}  // namespace
}  // namespace topkit::test
