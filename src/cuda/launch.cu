#include <algorithm>
#include <map>
#include <mutex>
#include <utility>

#include "launch.hpp"
#include "runtime.hpp"

namespace topkit::cuda {
namespace {

// What a kernel was allowed on a device so far. Attributes outlast a call, so each is set once, before the first launch
// that needs it; setting one is no stream operation and may happen during capture.
struct Allowed {
  std::size_t shared_bytes = 0;
  bool large_cluster = false;
};

void allow(const void* kernel, const LaunchShape& shape) {
  constexpr std::size_t kWithoutAsking = 16 * 1024;  // leaves room for the kernel's static objects below 48 KiB
  constexpr unsigned kPortableCluster = 8;
  const bool large_cluster = shape.cluster > kPortableCluster;
  if (shape.shared_bytes <= kWithoutAsking && !large_cluster) return;
  int ordinal = 0;
  check(cudaGetDevice(&ordinal), "cudaGetDevice");

  static std::mutex mutex;
  static std::map<std::pair<const void*, int>, Allowed> table;
  const std::lock_guard lock(mutex);
  Allowed& allowed = table[{kernel, ordinal}];
  if (shape.shared_bytes > std::max(allowed.shared_bytes, kWithoutAsking)) {
    check(
        cudaFuncSetAttribute(kernel, cudaFuncAttributeMaxDynamicSharedMemorySize, static_cast<int>(shape.shared_bytes)),
        shape.kernel);
    allowed.shared_bytes = shape.shared_bytes;
  }
  if (large_cluster && !allowed.large_cluster) {
    check(cudaFuncSetAttribute(kernel, cudaFuncAttributeNonPortableClusterSizeAllowed, 1), shape.kernel);
    allowed.large_cluster = true;
  }
}

}  // namespace

namespace detail {

void launch(const void* kernel, const LaunchShape& shape, void** arguments) {
  allow(kernel, shape);
  cudaLaunchAttribute attributes[2];
  unsigned count = 0;
  if (shape.cluster > 1) {
    attributes[count].id = cudaLaunchAttributeClusterDimension;
    attributes[count].val.clusterDim.x = shape.cluster;
    attributes[count].val.clusterDim.y = 1;
    attributes[count++].val.clusterDim.z = 1;
  }
  if (shape.pdl) {
    attributes[count].id = cudaLaunchAttributeProgrammaticStreamSerialization;
    attributes[count++].val.programmaticStreamSerializationAllowed = 1;
  }
  cudaLaunchConfig_t config{};
  config.gridDim = dim3(shape.grid);
  config.blockDim = dim3(shape.block);
  config.dynamicSmemBytes = shape.shared_bytes;
  config.stream = static_cast<cudaStream_t>(shape.stream);
  config.attrs = attributes;
  config.numAttrs = count;
  check(cudaLaunchKernelExC(&config, kernel, arguments), shape.kernel);
}

}  // namespace detail

void zero_async(void* memory, std::size_t bytes, Stream stream) {
  check(cudaMemsetAsync(memory, 0, bytes, static_cast<cudaStream_t>(stream)), "clearing the workspace");
}

}  // namespace topkit::cuda
