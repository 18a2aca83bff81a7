#include <algorithm>
#include <array>
#include <limits>

#include "cuda_floor.hpp"

namespace topkit::bench {
namespace {

constexpr std::int32_t kLeast = std::numeric_limits<std::int32_t>::min();
constexpr int kWarp = 32;
constexpr int kThreadsAnSm = 2048;

constexpr std::array kShapes{
    FloorShape{256, 1, false},  FloorShape{256, 2, false},  FloorShape{256, 4, false}, FloorShape{512, 1, false},
    FloorShape{512, 2, false},  FloorShape{512, 4, false},  FloorShape{512, 8, false}, FloorShape{1024, 1, false},
    FloorShape{1024, 2, false}, FloorShape{1024, 4, false}, FloorShape{512, 4, true},  FloorShape{512, 8, true},
    FloorShape{1024, 2, true},  FloorShape{1024, 4, true},
};

__device__ int4 load_once(const int4* p) {
  int4 v;
  asm volatile("ld.global.nc.L1::no_allocate.v4.s32 {%0, %1, %2, %3}, [%4];"
               : "=r"(v.x), "=r"(v.y), "=r"(v.z), "=r"(v.w)
               : "l"(p));
  return v;
}

__device__ std::int32_t max_of(int4 v) { return max(max(v.x, v.y), max(v.z, v.w)); }

template <int kVectors>
__global__ void __launch_bounds__(1024)
    stream_max(const int4* x, std::int64_t count, const std::int32_t* tail, int tail_words, std::int32_t* out) {
  const std::int64_t step = static_cast<std::int64_t>(gridDim.x) * blockDim.x * kVectors;
  std::int32_t best = kLeast;
  for (std::int64_t i = static_cast<std::int64_t>(blockIdx.x) * blockDim.x * kVectors + threadIdx.x; i < count;
       i += step) {
    int4 v[kVectors];
    if (i + static_cast<std::int64_t>(kVectors - 1) * blockDim.x < count) {
#pragma unroll
      for (int j = 0; j < kVectors; ++j) v[j] = load_once(x + i + static_cast<std::int64_t>(j) * blockDim.x);
    } else {
#pragma unroll
      for (int j = 0; j < kVectors; ++j) {
        const std::int64_t place = i + static_cast<std::int64_t>(j) * blockDim.x;
        v[j] = place < count ? load_once(x + place) : int4{kLeast, kLeast, kLeast, kLeast};
      }
    }
#pragma unroll
    for (int j = 0; j < kVectors; ++j) best = max(best, max_of(v[j]));
  }
  if (blockIdx.x == 0 && static_cast<int>(threadIdx.x) < tail_words) best = max(best, tail[threadIdx.x]);
  best = __reduce_max_sync(~0U, best);
  if (threadIdx.x % kWarp == 0) out[(blockIdx.x * blockDim.x + threadIdx.x) / kWarp] = best;
}

__global__ void plain(const std::int32_t* x, std::int64_t count, std::int32_t* out) {
  std::int32_t best = kLeast;
  for (std::int64_t i = blockIdx.x * std::int64_t{blockDim.x} + threadIdx.x; i < count;
       i += std::int64_t{gridDim.x} * blockDim.x)
    best = max(best, x[i]);
  atomicMax(out, best);
}

std::int64_t blocks_of(const FloorShape& shape, std::int64_t bytes, int sms) {
  const std::int64_t each = 16LL * shape.threads * shape.vectors;
  const std::int64_t all = std::max<std::int64_t>(1, (bytes + each - 1) / each);
  return shape.persistent ? std::min<std::int64_t>(all, std::int64_t{sms} * (kThreadsAnSm / shape.threads)) : all;
}

}  // namespace

std::span<const FloorShape> floor_shapes() { return kShapes; }

std::int64_t floor_outputs(const FloorShape& shape, std::int64_t bytes, int sms) {
  return blocks_of(shape, bytes, sms) * (shape.threads / kWarp);
}

void launch_floor(const FloorShape& shape, const void* x, std::int64_t bytes, int sms, std::int32_t* out,
                  cudaStream_t stream) {
  const auto* vectors = static_cast<const int4*>(x);
  const std::int64_t count = bytes / 16;
  const auto* tail = reinterpret_cast<const std::int32_t*>(vectors + count);
  const int tail_words = static_cast<int>(bytes % 16 / 4);
  const auto blocks = static_cast<unsigned>(blocks_of(shape, bytes, sms));
  const auto threads = static_cast<unsigned>(shape.threads);
  switch (shape.vectors) {
    case 1: stream_max<1><<<blocks, threads, 0, stream>>>(vectors, count, tail, tail_words, out); break;
    case 2: stream_max<2><<<blocks, threads, 0, stream>>>(vectors, count, tail, tail_words, out); break;
    case 4: stream_max<4><<<blocks, threads, 0, stream>>>(vectors, count, tail, tail_words, out); break;
    default: stream_max<8><<<blocks, threads, 0, stream>>>(vectors, count, tail, tail_words, out); break;
  }
  check(cudaGetLastError(), "the floor");
}

std::int32_t plain_max(const void* x, std::int64_t bytes, cudaStream_t stream) {
  return max_of_outputs(static_cast<const std::int32_t*>(x), bytes / 4, stream);
}

std::int32_t max_of_outputs(const std::int32_t* out, std::int64_t count, cudaStream_t stream) {
  const DeviceMemory memory(sizeof(std::int32_t));
  std::int32_t best = kLeast;
  check(cudaMemcpyAsync(memory.data(), &best, sizeof best, cudaMemcpyHostToDevice, stream), "copy to the device");
  plain<<<256, 256, 0, stream>>>(out, count, memory.as<std::int32_t>());
  check(cudaGetLastError(), "the plain maximum");
  check(cudaMemcpyAsync(&best, memory.data(), sizeof best, cudaMemcpyDeviceToHost, stream), "copy from the device");
  check(cudaStreamSynchronize(stream), "the plain maximum");
  return best;
}

}  // namespace topkit::bench
