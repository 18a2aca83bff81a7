#include <cuda_bf16.h>
#include <cuda_fp16.h>

#include "cuda_fill.hpp"

namespace topkit::bench {
namespace {

// splitmix64 of the position (Steele, Lea, Flood 2014).
__device__ std::uint64_t hash(std::uint64_t i, std::uint64_t seed) {
  std::uint64_t z = (i + 1) * 0x9e3779b97f4a7c15ULL + seed * 0xd1342543de82ef95ULL;
  z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
  z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
  return z ^ z >> 31;
}

// Box and Muller (1958). The uniform is in (0, 1] with 32 bits, so the largest possible value is 6.7.
__device__ float normal(std::uint64_t bits) {
  const float u = (static_cast<float>(static_cast<std::uint32_t>(bits)) + 1) * 0x1p-32F;
  const float v = static_cast<float>(static_cast<std::uint32_t>(bits >> 32)) * 0x1p-32F;
  return sqrtf(-2 * logf(fminf(u, 1))) * cospif(2 * v);
}

__device__ void convert(float value, float* out) { *out = value; }
__device__ void convert(float value, double* out) { *out = value; }
__device__ void convert(float value, __half* out) { *out = __float2half(value); }
__device__ void convert(float value, __nv_bfloat16* out) { *out = __float2bfloat16(value); }

template <class T>
__global__ void fill(T* out, std::int64_t count, std::uint64_t seed) {
  for (std::int64_t i = blockIdx.x * std::int64_t{blockDim.x} + threadIdx.x; i < count;
       i += std::int64_t{gridDim.x} * blockDim.x)
    convert(normal(hash(static_cast<std::uint64_t>(i), seed)), out + i);
}

template <class T>
bool run(void* out, std::int64_t count, std::uint64_t seed, cudaStream_t stream) {
  fill<<<2048, 256, 0, stream>>>(static_cast<T*>(out), count, seed);
  check(cudaGetLastError(), "filling");
  return true;
}

}  // namespace

bool fill_normal(DType dtype, void* out, std::int64_t count, std::uint64_t seed, cudaStream_t stream) {
  switch (dtype) {
    case DType::f32: return run<float>(out, count, seed, stream);
    case DType::f64: return run<double>(out, count, seed, stream);
    case DType::f16: return run<__half>(out, count, seed, stream);
    case DType::bf16: return run<__nv_bfloat16>(out, count, seed, stream);
    default: return false;
  }
}

}  // namespace topkit::bench
