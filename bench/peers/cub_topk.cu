// cub::DeviceTopK (one row) and cub::DeviceBatchedTopK (rows that fit a block), of CCCL 3.5 and newer: not sorted, and of
// equal values any. Rows of other sizes have no such call. Built where CMake finds the headers (-DTOPKIT_CCCL).
#include <cuda_bf16.h>
#include <thrust/iterator/constant_iterator.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include <cub/device/device_batched_topk.cuh>
#include <cub/device/device_topk.cuh>
#include <cuda/argument>
#include <cuda/std/execution>
#include <cuda/stream_ref>

#include "cuda_peer.hpp"

namespace topkit::bench {
namespace {

constexpr std::int64_t kLongestBatched = 4096;

template <class T>
struct RowPointer {
  T* data;
  std::int64_t stride;
  __host__ __device__ T* operator()(std::int64_t row) const { return data + row * stride; }
};

template <class T>
auto rows_of(T* data, std::int64_t stride) {
  return thrust::make_transform_iterator(thrust::counting_iterator<std::int64_t>(0), RowPointer<T>{data, stride});
}

auto requirements() {
  return cuda::execution::require(cuda::execution::determinism::not_guaranteed, cuda::execution::tie_break::unspecified,
                                  cuda::execution::output_ordering::unsorted);
}

template <class T>
class CubTopk : public CudaPeerCall {
 public:
  CubTopk(const Case& c, cudaStream_t stream) : case_(c) {
    const auto winners = static_cast<std::size_t>(c.rows * c.k);
    values_.reserve(winners * sizeof(T));
    indices_.reserve(winners * sizeof(std::int32_t));
    check(select(nullptr, nullptr, stream), "CUB's temporary size");
    temporary_.reserve(temporary_bytes_);
  }

  void run(const void* x, cudaStream_t stream) override {
    check(select(temporary_.data(), static_cast<const T*>(x), stream), "CUB's top-k");
  }
  Answer answer() const override {
    return {.x = nullptr,
            .values = values_.data(),
            .indices = indices_.data(),
            .index_bytes = 4,
            .row_stride = case_.k,
            .lower_index_wins = false,
            .sorted = false};
  }
  void poison(cudaStream_t stream) override {
    check(cudaMemsetAsync(indices_.data(), 0xa5, static_cast<std::size_t>(case_.rows * case_.k) * 4, stream),
          "poisoning");
  }

 private:
  cudaError_t select(void* temporary, const T* x, cudaStream_t stream) {
    const thrust::counting_iterator<std::int32_t> columns(0);
    const auto environment = cuda::std::execution::env{cuda::stream_ref{stream}, requirements()};
    T* values = values_.as<T>();
    auto* indices = indices_.as<std::int32_t>();
    if (case_.rows == 1)
      return cub::DeviceTopK::MaxPairs(temporary, temporary_bytes_, x, values, columns, indices,
                                       static_cast<std::int32_t>(case_.cols), static_cast<std::int32_t>(case_.k),
                                       environment);
    return cub::DeviceBatchedTopK::MaxPairs(
        temporary, temporary_bytes_, rows_of(x, case_.cols), rows_of(values, case_.k),
        thrust::make_constant_iterator(columns), rows_of(indices, case_.k),
        cuda::args::immediate{case_.cols, cuda::args::bounds<std::int64_t{1}, kLongestBatched>()},
        cuda::args::immediate{case_.k, cuda::args::bounds<std::int64_t{1}, kLongestBatched>()}, case_.rows,
        environment);
  }

  Case case_;
  DeviceMemory values_, indices_, temporary_;
  std::size_t temporary_bytes_ = 0;
};

std::unique_ptr<CudaPeerCall> prepare(const Case& c, cudaStream_t stream) {
  if (c.order == Order::index || (c.rows > 1 && c.cols > kLongestBatched)) return nullptr;
  switch (c.dtype) {
    case DType::f32: return std::make_unique<CubTopk<float>>(c, stream);
    case DType::bf16: return std::make_unique<CubTopk<__nv_bfloat16>>(c, stream);
    default: return nullptr;
  }
}

}  // namespace

const CudaPeer kCubTopk{"cub topk", &prepare};

}  // namespace topkit::bench
