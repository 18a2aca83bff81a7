// FlashInfer's top-k (Apache-2.0, https://github.com/flashinfer-ai/flashinfer, include/flashinfer/topk.cuh): filtered or
// radix selection, of equal values any; as it comes, and with its sort behind it. Built where CMake finds its headers
// (-DTOPKIT_FLASHINFER=DIR).
#include <cuda_bf16.h>
#include <cuda_fp16.h>
#include <cuda_runtime.h>

#include <flashinfer/math.cuh>
#include <flashinfer/topk.cuh>

#include "cuda_peer.hpp"

namespace topkit::bench {
namespace {

constexpr std::size_t kRowStateBytes = 1 << 20;  // zero at first, as its Python package has it

template <class T>
class FlashinferTopk : public CudaPeerCall {
 public:
  FlashinferTopk(const Case& c, bool sorted, cudaStream_t stream) : case_(c), sorted_(sorted) {
    const auto winners = static_cast<std::size_t>(c.rows * c.k);
    values_.reserve(winners * sizeof(T));
    indices_.reserve(winners * sizeof(std::int32_t));
    states_.reserve(kRowStateBytes);
    check(cudaMemsetAsync(states_.data(), 0, kRowStateBytes, stream), "clearing row states");
  }

  void run(const void* x, cudaStream_t stream) override {
    namespace sampling = flashinfer::sampling;
    check(sampling::TopKDispatch<T, std::int32_t>(
              static_cast<T*>(const_cast<void*>(x)), indices_.as<std::int32_t>(), values_.as<T>(),
              static_cast<std::uint32_t>(case_.rows), static_cast<std::uint32_t>(case_.k),
              static_cast<std::uint32_t>(case_.cols), states_.as<sampling::RadixRowState>(), sorted_, false,
              sampling::TopKTieBreak::None, stream),
          "FlashInfer's top-k");
  }
  Answer answer() const override {
    return {.x = nullptr,
            .values = values_.data(),
            .indices = indices_.data(),
            .index_bytes = 4,
            .row_stride = case_.k,
            .lower_index_wins = false,
            .sorted = sorted_};
  }
  void poison(cudaStream_t stream) override {
    check(cudaMemsetAsync(indices_.data(), 0xa5, static_cast<std::size_t>(case_.rows * case_.k) * 4, stream),
          "poisoning");
  }

 private:
  Case case_;
  bool sorted_;
  DeviceMemory values_, indices_, states_;
};

// A row's blocks wait for one another with as much of it as their shared memory holds: of a row for which more are needed than
// run at once, for ever (0.7.2).
bool ends(const Case& c) {
  constexpr std::int64_t kOther = 16 << 10;  // bytes of a block's shared memory that hold no elements, and more
  int device = 0, multiprocessors = 0, shared = 0;
  check(cudaGetDevice(&device), "cudaGetDevice");
  check(cudaDeviceGetAttribute(&multiprocessors, cudaDevAttrMultiProcessorCount, device), "counting multiprocessors");
  check(cudaDeviceGetAttribute(&shared, cudaDevAttrMaxSharedMemoryPerBlockOptin, device), "a block's shared memory");
  return c.cols * bytes(c.dtype) <= multiprocessors * (shared - kOther);
}

template <bool kSorted>
std::unique_ptr<CudaPeerCall> prepare(const Case& c, cudaStream_t stream) {
  if (c.order == Order::index || (c.order == Order::any && kSorted) || !ends(c)) return nullptr;
  switch (c.dtype) {
    case DType::f32: return std::make_unique<FlashinferTopk<float>>(c, kSorted, stream);
    case DType::bf16: return std::make_unique<FlashinferTopk<__nv_bfloat16>>(c, kSorted, stream);
    default: return nullptr;
  }
}

}  // namespace

const CudaPeer kFlashinferTopk{"flashinfer", &prepare<false>}, kFlashinferSorted{"flashinfer sorted", &prepare<true>};

}  // namespace topkit::bench
