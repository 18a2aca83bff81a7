// CUDA tensors without a GPU: this program links an engine of its own, which answers for two devices.
#include <dlfcn.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <atomic>
#include <filesystem>
#include <string>
#include <thread>
#include <vector>

#include "call.hpp"
#include "cuda/engine.hpp"
#include "status.hpp"

namespace {

std::atomic<int> device_reads{0};
topkit::Plan last_plan;
topkit::Args last_args;
int last_ordinal = -1;
void* last_stream = nullptr;

int device_count() { return 2; }

const char* read_device(int ordinal, topkit::Device* device) {
  ++device_reads;
  if (ordinal == 1) return "device 1 is out of order";
  device->capability = 90;
  device->sms = 132;
  device->shared_bytes = 232448;
  device->cache_bytes = 50 << 20;
  device->bandwidth_gbps = 4800;
  return nullptr;
}

const char* run(const topkit::Plan& plan, const topkit::Args& args, int ordinal, void*, void* stream) {
  last_plan = plan;
  last_args = args;
  last_ordinal = ordinal;
  last_stream = stream;
  return args.problem.cols == 7 ? "an illegal memory access was encountered" : "";
}

const char* merge(const topkit::cuda::MergeShape& shape, const topkit::MergeArgs&, int, void*, void*) {
  return shape.grid > 0 ? "" : "nothing to do";
}

}  // namespace

extern "C" const topkit::cuda::Engine* topkit_cuda_engine();
const topkit::cuda::Engine* topkit_cuda_engine() {
  static const topkit::cuda::Engine engine{topkit::cuda::kAbi, device_count, read_device, run, nullptr, merge};
  return &engine;
}

namespace topkit::test {
namespace {

struct CudaCall : SmallCall {
  OwnTensor workspace{kU8, {1 << 24}, 512};

  CudaCall() {
    for (OwnTensor* tensor : {&x, &values, &indices, &workspace}) tensor->dl.device = {kDLCUDA, 0};
    const auto address = reinterpret_cast<std::uintptr_t>(workspace.dl.data);
    workspace.dl.byte_offset = (256 - address % 256) % 256;
    workspace_arg = &workspace.dl;
    stream = this;
  }
};

TEST(CudaLoader, HandsTheCallToTheEngine) {
  CudaCall call;
  ASSERT_EQ(call.make(), TK_OK) << tk_last_error();
  EXPECT_EQ(last_args.problem.device, DeviceKind::cuda);
  EXPECT_EQ(last_args.x, call.x.dl.data);
  EXPECT_EQ(last_args.values, call.values.dl.data);
  EXPECT_EQ(last_args.indices, call.indices.dl.data);
  EXPECT_EQ(last_ordinal, 0);
  EXPECT_EQ(last_stream, &call);
}

TEST(CudaLoader, ReadsADeviceOnceAlsoFromManyThreads) {
  device_reads = 0;
  const Device& before = cuda_device(0);
  const int reads = device_reads;
  std::vector<std::thread> threads;
  std::atomic<int> wrong{0};
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([&] { wrong += &cuda_device(0) != &before || cuda_device(0).sms != 132; });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
  EXPECT_EQ(device_reads, reads);
  EXPECT_EQ(before.kind, DeviceKind::cuda);
}

TEST(CudaLoader, PassesOnWhatTheEngineSays) {
  CudaCall call;
  call.x.reshape({3, 7});
  call.values.reshape({3, 3});
  call.indices.reshape({3, 3});
  EXPECT_EQ(call.refusal(), "device error: CUDA: an illegal memory access was encountered");
}

TEST(CudaLoader, RefusesDevicesThatAreNotThere) {
  CudaCall call;
  for (OwnTensor* tensor : {&call.x, &call.values, &call.indices, &call.workspace}) tensor->dl.device.device_id = 2;
  EXPECT_EQ(call.refusal(),
            "invalid argument: x.device.device_id = 2: must be in 0..1, this machine has 2 CUDA devices");
  for (OwnTensor* tensor : {&call.x, &call.values, &call.indices, &call.workspace}) tensor->dl.device.device_id = 64;
  EXPECT_EQ(call.refusal(), "invalid argument: x.device.device_id = 64: must be in 0..63");
  for (OwnTensor* tensor : {&call.x, &call.values, &call.indices, &call.workspace}) tensor->dl.device.device_id = 1;
  for (int attempt = 0; attempt < 2; ++attempt)
    EXPECT_EQ(call.refusal(), "device error: CUDA: device 1 is out of order") << "attempt " << attempt;
}

#ifdef TOPKIT_LIBRARY
TEST(CudaLoader, SaysWhatIsMissingAndHowToGetIt) {
  const std::filesystem::path path = TOPKIT_LIBRARY;
  if (std::filesystem::exists(path.parent_path() / "libtopkit_cuda.so")) GTEST_SKIP() << "the engine was built";
  void* library = dlopen(path.c_str(), RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  const auto topk = reinterpret_cast<decltype(&tk_topk)>(dlsym(library, "tk_topk"));
  const auto last_error = reinterpret_cast<decltype(&tk_last_error)>(dlsym(library, "tk_last_error"));
  CudaCall call;
  EXPECT_EQ(topk(&call.x.dl, 3, nullptr, &call.values.dl, &call.indices.dl, nullptr, nullptr), TK_UNSUPPORTED);
  EXPECT_THAT(last_error(),
              testing::StartsWith("x is on CUDA, but the CUDA engine could not be loaded (libtopkit_cuda.so"));
  EXPECT_THAT(last_error(), testing::EndsWith("build topkit with nvcc (-DTOPKIT_CUDA=ON) or install libtopkit_cuda.so "
                                              "beside libtopkit"));
  dlclose(library);
}
#endif

}  // namespace
}  // namespace topkit::test
