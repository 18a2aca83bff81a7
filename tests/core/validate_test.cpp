// Every rule of tk_topk's arguments: the status, the whole sentence, and that nothing was written.
#include "validate.hpp"

#include <gtest/gtest.h>

#include <limits>

#include "call.hpp"
#include "status.hpp"

namespace topkit::test {
namespace {

constexpr std::int64_t kHuge = std::numeric_limits<std::int64_t>::max();
constexpr const char* kTypes = "f32 f16 bf16 f64 f8e4m3 f8e5m2 i8 i16 i32 i64 u8 u16 u32 u64";

TEST(Validate, AcceptsTheSmallCall) {
  SmallCall call;
  ASSERT_EQ(call.make(), TK_OK) << tk_last_error();
  EXPECT_STREQ(tk_last_error(), "");
  EXPECT_EQ(call.values.as<float>()[0], 5.0F);
  EXPECT_EQ(call.indices.as<std::int64_t>()[11], 3);
}

TEST(Validate, RefusesAbsentTensors) {
  SmallCall call;
  call.x_arg = nullptr;
  EXPECT_EQ(call.refusal(), "invalid argument: x = NULL: a tensor is required");
  call.x_arg = &call.x.dl;
  call.values_arg = call.indices_arg = nullptr;
  EXPECT_EQ(call.refusal(), "invalid argument: values = NULL and indices = NULL: at least one must be given");
}

TEST(Validate, TakesEitherOutputAlone) {
  SmallCall values_only;
  values_only.indices_arg = nullptr;
  EXPECT_EQ(values_only.refusal(), "");
  SmallCall indices_only;
  indices_only.values_arg = nullptr;
  EXPECT_EQ(indices_only.refusal(), "");
}

TEST(Validate, RefusesMissingMemory) {
  SmallCall call;
  call.x.dl.data = nullptr;
  EXPECT_EQ(call.refusal(), "invalid argument: x.data = NULL: shape [4, 6] needs 24 elements");
  call.x.dl.data = call.x.room.data();
  call.values.dl.data = nullptr;
  EXPECT_EQ(call.refusal(), "invalid argument: values.data = NULL: shape [4, 3] needs 12 elements");
  call.values.dl.data = call.values.room.data();
  call.indices.dl.data = nullptr;
  EXPECT_EQ(call.refusal(), "invalid argument: indices.data = NULL: shape [4, 3] needs 12 elements");
}

TEST(Validate, RefusesABadRankOrShape) {
  SmallCall call;
  call.x.dl.ndim = -1;
  EXPECT_EQ(call.refusal(), "invalid argument: x.ndim = -1: must be in 0..64");
  call.x.dl.ndim = 65;
  EXPECT_EQ(call.refusal(), "invalid argument: x.ndim = 65: must be in 0..64");
  call.x.dl.ndim = 0;
  EXPECT_EQ(call.refusal(), "invalid argument: x.ndim = 0: must be at least 1");
  call.x.dl.ndim = 2;
  call.x.dl.shape = nullptr;
  EXPECT_EQ(call.refusal(), "invalid argument: x.shape = NULL: ndim is 2");
  call.x.reshape({4, -6});
  EXPECT_EQ(call.refusal(), "invalid argument: x.shape[1] = -6: must not be negative");
}

TEST(Validate, RefusesTypesItDoesNotHave) {
  SmallCall call;
  call.x.dl.dtype = {kDLComplex, 64, 1};
  EXPECT_EQ(call.refusal(),
            std::string("invalid argument: x.dtype = (code 5, 64 bits, 1 lanes): must be one of ") + kTypes);
  call.x.dl.dtype = {kDLFloat, 80, 1};
  EXPECT_EQ(call.refusal(),
            std::string("invalid argument: x.dtype = (code 2, 80 bits, 1 lanes): must be one of ") + kTypes);
  call.x.dl.dtype = {kDLFloat, 32, 4};
  EXPECT_EQ(call.refusal(), "invalid argument: x.dtype.lanes = 4: vector types are not supported, lanes must be 1");
}

TEST(Validate, RefusesOutputsOfAnotherType) {
  SmallCall call;
  call.values.dl.dtype = kF64;
  EXPECT_EQ(call.refusal(), "invalid argument: values.dtype = f64: must be the type of x, f32");
  call.values.dl.dtype = kF32;
  call.indices.dl.dtype = kF32;
  EXPECT_EQ(call.refusal(), "invalid argument: indices.dtype = (code 2, 32 bits, 1 lanes): must be int32 or int64");
  call.indices.dl.dtype = {kDLUInt, 64, 1};
  EXPECT_EQ(call.refusal(), "invalid argument: indices.dtype = (code 1, 64 bits, 1 lanes): must be int32 or int64");
  call.indices.dl.dtype = kI32;
  EXPECT_EQ(call.refusal(), "");
}

TEST(Validate, RefusesKOutOfRange) {
  SmallCall call;
  call.k = -1;
  EXPECT_EQ(call.refusal(), "invalid argument: k = -1: must not be negative");
  call.k = 7;
  EXPECT_EQ(call.refusal(), "invalid argument: k = 7: must be in 0..6, the length of the selected axis of x");
  call.k = kHuge;
  EXPECT_EQ(call.refusal(),
            "invalid argument: k = 9223372036854775807: must be in 0..6, the length of the selected axis of x");
  OwnTensor lengths(kI32, {4});
  call.options.lengths = &lengths.dl;
  EXPECT_EQ(call.refusal(), "invalid argument: k = 9223372036854775807: must be at most 2147483647");
}

TEST(Validate, RefusesAnAxisOutOfRange) {
  SmallCall call;
  call.options.axis = 2;
  EXPECT_EQ(call.refusal(), "invalid argument: axis = 2: must be in -2..1, x has 2 axes");
  call.options.axis = -3;
  EXPECT_EQ(call.refusal(), "invalid argument: axis = -3: must be in -2..1, x has 2 axes");
  call.options.axis = 1;
  EXPECT_EQ(call.refusal(), "");
}

TEST(Validate, RefusesSizesBeyondItsLimits) {
  SmallCall call;
  call.x.reshape({1, std::int64_t{1} << 31});
  EXPECT_EQ(call.refusal(),
            "invalid argument: x.shape[1] = 2147483648: the selected axis has at most 2147483647 elements");
  call.x.reshape({kHuge, 6});
  EXPECT_EQ(call.refusal(),
            "invalid argument: x.shape = [9223372036854775807, 6]: the bytes of all elements must fit in 63 bits");
  call.x.reshape({kHuge / 4, 1});
  EXPECT_EQ(call.refusal(), "invalid argument: k = 3: must be in 0..1, the length of the selected axis of x");
  call.x.reshape({kHuge / 2, 1});
  EXPECT_EQ(call.refusal(),
            "invalid argument: x.shape = [4611686018427387903, 1]: the bytes of all elements must fit in 63 bits");
  call.x.reshape({std::int64_t{1} << 40, std::int64_t{1} << 40, 0});
  call.k = 0;
  EXPECT_EQ(call.refusal(),
            "invalid argument: x.shape = [1099511627776, 1099511627776, 0]: the number of rows must fit in 63 bits");
}

TEST(Validate, RefusesStridesThatAreNegativeOrOverflow) {
  SmallCall call;
  call.x.stride({-6, 1});
  EXPECT_EQ(call.refusal(), "invalid argument: x.strides[0] = -6: strides must not be negative");
  call.x.stride({kHuge / 2, 1});
  EXPECT_EQ(call.refusal(),
            "invalid argument: x.strides[0] = 4611686018427387903 over 4 elements: offsets must fit in 63 bits");
  call.x.stride({kHuge / 4, 1});
  EXPECT_EQ(call.refusal(),
            "invalid argument: x: spans 6917529027641081858 elements of 4 bytes: offsets must fit in 63 bits");
}

TEST(Validate, RefusesMemoryBeyondTheAddressSpace) {
  SmallCall call;
  call.x.dl.byte_offset = std::numeric_limits<std::uint64_t>::max() - 7;
  EXPECT_EQ(call.refusal(),
            "invalid argument: x.byte_offset = 18446744073709551608: the tensor would reach beyond the address space");
  call.x.dl.byte_offset = 0;
  call.x.stride({kHuge / 16, 1});
  call.x.dl.data = reinterpret_cast<void*>(~std::uintptr_t{0} - 63);
  EXPECT_EQ(call.refusal(), "invalid argument: x.byte_offset = 0: the tensor would reach beyond the address space");
}

TEST(Validate, RefusesMisalignedMemory) {
  SmallCall call;
  call.x.dl.data = reinterpret_cast<void*>(std::uintptr_t{0x1002});
  EXPECT_EQ(call.refusal(),
            "invalid argument: x.data = 0x1002 (with byte_offset): must be a multiple of the element size, 4 bytes");
  call.x.dl.data = call.x.room.data();
  call.indices.dl.data = reinterpret_cast<void*>(std::uintptr_t{0x1000});
  call.indices.dl.byte_offset = 4;
  EXPECT_EQ(
      call.refusal(),
      "invalid argument: indices.data = 0x1004 (with byte_offset): must be a multiple of the element size, 8 bytes");
}

TEST(Validate, RefusesOutputsOfAnotherShape) {
  SmallCall call;
  call.values.reshape({4, 4});
  EXPECT_EQ(call.refusal(), "invalid argument: values.shape = [4, 4]: must be [4, 3]");
  call.values.reshape({12});
  EXPECT_EQ(call.refusal(), "invalid argument: values.shape = [12]: must be [4, 3]");
  call.values.reshape({4, 3});
  call.indices.reshape({3, 4});
  EXPECT_EQ(call.refusal(), "invalid argument: indices.shape = [3, 4]: must be [4, 3]");
  call.options.axis = 0;
  EXPECT_EQ(call.refusal(), "invalid argument: values.shape = [4, 3]: must be [3, 6]");
}

TEST(Validate, RefusesOutputsWhoseElementsShareMemory) {
  SmallCall call;
  call.values.stride({0, 1});
  EXPECT_EQ(call.refusal(),
            "invalid argument: values.strides = [0, 1] with shape [4, 3]: elements of an output must not share memory");
  call.values.stride({2, 1});
  EXPECT_EQ(call.refusal(),
            "invalid argument: values.strides = [2, 1] with shape [4, 3]: elements of an output must not share memory");
  call.values.stride({1, 4});
  EXPECT_EQ(call.refusal(), "");
}

TEST(Validate, RefusesDevicesItDoesNotKnowOrMixed) {
  SmallCall call;
  call.x.dl.device = {kDLOpenCL, 0};
  EXPECT_EQ(call.refusal(),
            "invalid argument: x.device.device_type = 4: must be kDLCPU (1), kDLCUDAHost (3), kDLCUDA (2) or "
            "kDLCUDAManaged (13)");
  call.x.dl.device = {kDLCUDAHost, 0};
  EXPECT_EQ(call.refusal(), "");
  call.indices.dl.device = {kDLCUDA, 1};
  EXPECT_EQ(call.refusal(), "invalid argument: indices is on cuda:1: all tensors must be on the device of x, cpu");
  call.x.dl.device = {kDLCUDA, 0};
  EXPECT_EQ(call.refusal(), "invalid argument: values is on cpu: all tensors must be on the device of x, cuda:0");
  call.values.dl.device = {kDLCUDAManaged, 0};
  EXPECT_EQ(call.refusal(), "invalid argument: indices is on cuda:1: all tensors must be on the device of x, cuda:0");
}

TEST(Validate, RefusesOverlaps) {
  SmallCall call;
  call.values.dl.data = call.x.dl.data;
  EXPECT_EQ(call.refusal(),
            "invalid argument: values overlaps x: outputs and workspace must not share memory with any other argument");
  call.values.dl.data = call.indices.as<float>() + 23;
  EXPECT_EQ(
      call.refusal(),
      "invalid argument: indices overlaps values: outputs and workspace must not share memory with any other argument");
  call.values.dl.data = call.indices.as<float>() + 24;
  EXPECT_EQ(call.refusal(), "") << "neighbours do not overlap";
}

TEST(Validate, RefusesOutputsOverlappingRowArraysAndIds) {
  SmallCall call;
  OwnTensor lengths(kI64, {4}), ids(kI64, {4, 6});
  lengths.set<std::int64_t>({6, 6, 6, 6});
  call.options.lengths = &lengths.dl;
  call.options.ids = &ids.dl;
  EXPECT_EQ(call.refusal(), "");
  const auto sentence = [&](const char* a, const char* b) {
    return std::string("invalid argument: ") + a + " overlaps " + b +
           ": outputs and workspace must not share memory with any other argument";
  };
  call.values.dl.data = &lengths.room[3];
  EXPECT_EQ(call.refusal(), sentence("values", "lengths"));
  call.values.dl.data = &ids.room[20];
  EXPECT_EQ(call.refusal(), sentence("values", "ids"));
}

TEST(Validate, LetsColumnsOfOneMatrixBeInputAndOutput) {
  std::vector<float> matrix(4 * 10);
  SmallCall call;
  call.x.dl.data = matrix.data();
  call.x.stride({10, 1});
  call.values.dl.data = matrix.data() + 6;
  call.values.stride({10, 1});
  EXPECT_EQ(call.refusal(), "");
  call.values.dl.data = matrix.data() + 5;
  EXPECT_EQ(call.refusal(),
            "invalid argument: values overlaps x: outputs and workspace must not share memory with any other argument");
  call.values.dl.data = matrix.data() + 8;  // its third column is the first of the next row of x
  EXPECT_EQ(call.refusal(),
            "invalid argument: values overlaps x: outputs and workspace must not share memory with any other argument");
}

TEST(Validate, RefusesRowArraysOfAnotherTypeShapeOrDevice) {
  SmallCall call;
  OwnTensor lengths(kF32, {4});
  call.options.lengths = &lengths.dl;
  EXPECT_EQ(call.refusal(), "invalid argument: lengths.dtype = (code 2, 32 bits, 1 lanes): must be int32 or int64");
  lengths.dl.dtype = kI32;
  lengths.reshape({5});
  EXPECT_EQ(call.refusal(), "invalid argument: lengths.shape = [5]: must be [4], one entry a row");
  lengths.reshape({4, 1});
  EXPECT_EQ(call.refusal(), "invalid argument: lengths.shape = [4, 1]: must be [4], one entry a row");
  lengths.reshape({4});
  lengths.dl.device = {kDLCUDA, 0};
  EXPECT_EQ(call.refusal(), "invalid argument: lengths is on cuda:0: all tensors must be on the device of x, cpu");
  lengths.dl.device = {kDLCPU, 0};
  EXPECT_EQ(call.refusal(), "") << "zeros are right lengths";
  lengths.dl.data = nullptr;
  EXPECT_EQ(call.refusal(), "invalid argument: lengths.data = NULL: shape [4] needs 4 elements");
}

TEST(Validate, NamesTheRowWhoseLengthIsWrong) {
  SmallCall call;
  OwnTensor lengths(kI32, {4}), starts(kI64, {4}), row_k(kI32, {4});
  call.options.lengths = &lengths.dl;
  lengths.set<std::int32_t>({0, 6, 2, 70000});
  EXPECT_EQ(call.refusal(), "invalid argument: lengths[3] = 70000: must be in 0..6, the columns of x");
  lengths.set<std::int32_t>({0, -1, 2, 3});
  EXPECT_EQ(call.refusal(), "invalid argument: lengths[1] = -1: must be in 0..6, the columns of x");
  lengths.set<std::int32_t>({0, 1, 4, 0});
  call.options.starts = &starts.dl;
  starts.set<std::int64_t>({6, 5, 2, 7});
  EXPECT_EQ(call.refusal(), "invalid argument: starts[3] = 7: must be in 0..6, the columns of x");
  starts.set<std::int64_t>({6, 5, 3, 0});
  EXPECT_EQ(call.refusal(), "invalid argument: lengths[2] = 4: must be in 0..3, the columns of x from starts on");
  starts.set<std::int64_t>({6, 5, 2, 0});
  EXPECT_EQ(call.refusal(), "");
  call.options.row_k = &row_k.dl;
  row_k.set<std::int32_t>({0, 1, 3, 4});
  EXPECT_EQ(call.refusal(), "invalid argument: row_k[3] = 4: must be in 0..3, the k of the call");
  row_k.set<std::int32_t>({0, 1, 3, 3});
  EXPECT_EQ(call.refusal(), "");
}

TEST(Validate, PadsRowsShorterThanKAboveTheColumns) {
  SmallCall call;
  OwnTensor lengths(kI32, {4}), values(kF32, {4, 8}), indices(kI64, {4, 8});
  lengths.set<std::int32_t>({6, 2, 0, 1});
  call.options.lengths = &lengths.dl;
  call.k = 8;
  call.values_arg = &values.dl;
  call.indices_arg = &indices.dl;
  ASSERT_EQ(call.make(), TK_OK) << tk_last_error();
  EXPECT_EQ(indices.as<std::int64_t>()[5], 0);
  EXPECT_EQ(indices.as<std::int64_t>()[6], -1);
  EXPECT_EQ(values.as<float>()[7], -std::numeric_limits<float>::infinity());
  EXPECT_EQ(indices.as<std::int64_t>()[9], 0);
  EXPECT_EQ(indices.as<std::int64_t>()[10], -1);
}

TEST(Validate, RefusesIdsThatDoNotFit) {
  SmallCall call;
  OwnTensor ids(kI32, {6});
  call.options.ids = &ids.dl;
  EXPECT_EQ(call.refusal(), "invalid argument: ids.dtype = int32: must be the type of indices, int64");
  ids.dl.dtype = kI64;
  EXPECT_EQ(call.refusal(), "");
  ids.reshape({4});
  EXPECT_EQ(call.refusal(), "invalid argument: ids.shape = [4]: must be [6] or [4, 6]");
  ids.reshape({4, 6});
  EXPECT_EQ(call.refusal(), "");
  call.indices_arg = nullptr;
  EXPECT_EQ(call.refusal(), "invalid argument: ids: given, but indices = NULL leaves no place to write them");
}

TEST(Validate, RefusesWorkspaceAndStreamOnTheCpu) {
  SmallCall call;
  OwnTensor workspace(kU8, {256});
  call.workspace_arg = &workspace.dl;
  EXPECT_EQ(call.refusal(),
            "invalid argument: workspace: must be NULL on the CPU, where scratch is the calling thread's");
  workspace.dl.dtype = kF32;
  EXPECT_EQ(call.refusal(), "invalid argument: workspace.dtype = (code 2, 32 bits): must be uint8");
  workspace.dl.dtype = kU8;
  workspace.reshape({0});
  EXPECT_EQ(call.refusal(), "");
  call.workspace_arg = nullptr;
  call.stream = &call;
  EXPECT_EQ(call.refusal(), "invalid argument: stream: must be NULL on the CPU");
}

TEST(Validate, TakesEmptyProblemsWithoutMemory) {
  SmallCall call;
  call.k = 0;
  call.values.reshape({4, 0});
  call.indices.reshape({4, 0});
  call.values.dl.data = call.indices.dl.data = nullptr;
  EXPECT_EQ(call.refusal(), "");
  call.x.reshape({4, 0});
  call.x.dl.data = nullptr;
  EXPECT_EQ(call.refusal(), "");
  call.k = 3;
  call.x.reshape({0, 6});
  call.values.reshape({0, 3});
  call.indices.reshape({0, 3});
  EXPECT_EQ(call.refusal(), "");
}

TEST(Validate, SelectsAlongAnyAxisOfStridedTensors) {
  SmallCall call;  // x[r, c] = 6 r + c
  call.options.axis = 0;
  call.options.largest = 0;
  call.k = 2;
  call.values.reshape({2, 6});
  call.indices.reshape({2, 6});
  ASSERT_EQ(call.make(), TK_OK) << tk_last_error();
  EXPECT_EQ(call.values.as<float>()[5], 5.0F);
  EXPECT_EQ(call.values.as<float>()[6], 6.0F);
  EXPECT_EQ(call.indices.as<std::int64_t>()[5], 0);
  EXPECT_EQ(call.indices.as<std::int64_t>()[6], 1);
}

TEST(Validate, HonoursByteOffset) {
  SmallCall call;
  call.x.reshape({1, 6});
  call.x.dl.byte_offset = 6 * sizeof(float);
  call.values.reshape({1, 3});
  call.indices.reshape({1, 3});
  call.indices.dl.byte_offset = 8;
  ASSERT_EQ(call.make(), TK_OK) << tk_last_error();
  EXPECT_EQ(call.values.as<float>()[0], 11.0F);
  EXPECT_EQ(call.indices.as<std::int64_t>()[0], SmallCall::kPoison);
  EXPECT_EQ(call.indices.as<std::int64_t>()[1], 5);
}

TEST(Validate, OfACudaTensorAsksForOneRowStride) {
  SmallCall call;
  for (OwnTensor* tensor : {&call.x, &call.values, &call.indices}) tensor->dl.device = {kDLCUDA, 0};
  const Request strided{&call.x.dl, 3, &call.options, &call.values.dl, &call.indices.dl, nullptr, nullptr};
  const Call valid = validate(strided, Use::run);
  EXPECT_EQ(valid.args.problem.device, DeviceKind::cuda);
  EXPECT_EQ(valid.args.problem.layout.outer_stride, 6);
  call.x.stride({1, 4});
  EXPECT_EQ(
      call.refusal(),
      "unsupported: x.strides = [1, 4] with shape [4, 6]: on CUDA axis 1 must have stride 1 and the others one stride");
  call.x.dl.strides = nullptr;
  call.options.isa = "avx2";
  EXPECT_EQ(call.refusal(), "invalid argument: isa = avx2: names a CPU instruction set, but x is on CUDA");
}

TEST(Validate, ChecksACudaWorkspaceAgainstThePlan) {
  Call call;
  Plan plan;
  EXPECT_NO_THROW(check_workspace(call, plan));
  plan.workspace_bytes = 512;
  const auto sentence = [&] {
    try {
      check_workspace(call, plan);
      return std::string();
    } catch (const Failure& failure) {
      return std::string(failure.what());
    }
  };
  EXPECT_EQ(sentence(), "workspace = NULL: this call needs 512 bytes (tk_topk_workspace)");
  call.workspace = reinterpret_cast<void*>(std::uintptr_t{0x10080});
  call.workspace_bytes = 511;
  EXPECT_EQ(sentence(), "workspace has 511 bytes: this call needs 512 (tk_topk_workspace)");
  call.workspace_bytes = 512;
  EXPECT_EQ(sentence(), "workspace.data = 0x10080: must be a multiple of 256");
  call.workspace = reinterpret_cast<void*>(std::uintptr_t{0x10100});
  EXPECT_EQ(sentence(), "");
}

TEST(Validate, QueriesDoNotReadMemory) {
  SmallCall call;
  call.x.dl.data = call.values.dl.data = call.indices.dl.data = reinterpret_cast<void*>(std::uintptr_t{0x11});
  OwnTensor lengths(kI32, {4});
  lengths.dl.data = reinterpret_cast<void*>(std::uintptr_t{0x13});
  call.options.lengths = &lengths.dl;
  std::size_t bytes = 99;
  EXPECT_EQ(tk_topk_workspace(&call.x.dl, 3, &call.options, &call.values.dl, &call.indices.dl, &bytes), TK_OK);
  EXPECT_EQ(bytes, 0U);
  EXPECT_EQ(tk_topk_workspace(&call.x.dl, 3, &call.options, &call.values.dl, &call.indices.dl, nullptr),
            TK_INVALID_ARGUMENT);
  EXPECT_STREQ(tk_last_error(), "bytes = NULL: a place for the answer is required");
  EXPECT_EQ(tk_topk_workspace(&call.x.dl, 9, nullptr, nullptr, nullptr, &bytes), TK_INVALID_ARGUMENT);
}

}  // namespace
}  // namespace topkit::test
