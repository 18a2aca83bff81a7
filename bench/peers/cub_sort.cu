// CUB's sorts of whole rows: what the CUDA toolkit itself has for the k best in order. One row: DeviceRadixSort; several:
// DeviceSegmentedRadixSort (DeviceSegmentedSort waits for the device in the middle, so no graph can hold it). Both are
// stable, so the lower index wins ties, but their order is that of the bits: they part -0 from +0 and NaN by sign.
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <thrust/iterator/counting_iterator.h>
#include <thrust/iterator/transform_iterator.h>

#include <cub/device/device_radix_sort.cuh>
#include <cub/device/device_segmented_radix_sort.cuh>

#include "cuda_peer.hpp"

namespace topkit::bench {
namespace {

struct RowBegin {
  std::int64_t cols;
  __host__ __device__ std::int64_t operator()(std::int64_t row) const { return row * cols; }
};

__global__ void number_columns(std::int32_t* out, std::int64_t count, std::int64_t cols) {
  for (std::int64_t i = blockIdx.x * std::int64_t{blockDim.x} + threadIdx.x; i < count;
       i += std::int64_t{gridDim.x} * blockDim.x)
    out[i] = static_cast<std::int32_t>(i % cols);
}

template <class T>
class CubSort : public CudaPeerCall {
 public:
  CubSort(const Case& c, cudaStream_t stream) : case_(c) {
    const auto elements = static_cast<std::size_t>(c.elements());
    values_.reserve(elements * sizeof(T));
    columns_.reserve(elements * sizeof(std::int32_t));
    indices_.reserve(elements * sizeof(std::int32_t));
    number_columns<<<1024, 256, 0, stream>>>(columns_.as<std::int32_t>(), c.elements(), c.cols);
    check(cudaGetLastError(), "numbering columns");
    temporary_bytes_ = 0;
    check(sort(nullptr, nullptr, stream), "CUB's temporary size");
    temporary_.reserve(temporary_bytes_);
  }

  void run(const void* x, cudaStream_t stream) override {
    check(sort(temporary_.data(), static_cast<const T*>(x), stream), "CUB's sort");
  }
  Answer answer() const override {
    return {
        .x = nullptr, .values = values_.data(), .indices = indices_.data(), .index_bytes = 4, .row_stride = case_.cols};
  }
  void poison(cudaStream_t stream) override {
    check(cudaMemsetAsync(indices_.data(), 0xa5, static_cast<std::size_t>(case_.elements()) * 4, stream), "poisoning");
  }

 private:
  cudaError_t sort(void* temporary, const T* x, cudaStream_t stream) {
    T* values = values_.as<T>();
    const auto* columns = columns_.as<std::int32_t>();
    auto* indices = indices_.as<std::int32_t>();
    const std::int64_t elements = case_.elements();
    if (case_.rows == 1)
      return cub::DeviceRadixSort::SortPairsDescending(temporary, temporary_bytes_, x, values, columns, indices,
                                                       elements, 0, static_cast<int>(8 * sizeof(T)), stream);
    const auto begin =
        thrust::make_transform_iterator(thrust::counting_iterator<std::int64_t>(0), RowBegin{case_.cols});
    return cub::DeviceSegmentedRadixSort::SortPairsDescending(temporary, temporary_bytes_, x, values, columns, indices,
                                                              elements, case_.rows, begin, begin + 1, 0,
                                                              static_cast<int>(8 * sizeof(T)), stream);
  }

  Case case_;
  DeviceMemory values_, columns_, indices_, temporary_;
  std::size_t temporary_bytes_ = 0;
};

std::unique_ptr<CudaPeerCall> prepare(const Case& c, cudaStream_t stream) {
  if (c.order != Order::value) return nullptr;
  switch (c.dtype) {
    case DType::f32: return std::make_unique<CubSort<float>>(c, stream);
    case DType::bf16: return std::make_unique<CubSort<__nv_bfloat16>>(c, stream);
    default: return nullptr;
  }
}

}  // namespace

const CudaPeer kCubSort{"cub sort", &prepare};

}  // namespace topkit::bench
