// RAFT's select_k (Apache-2.0, https://github.com/rapidsai/raft, raft/matrix/select_k.cuh): warp sort or radix as its own
// heuristic chooses, of equal values any; as it comes, and with its sort behind it. Built where CMake finds its headers:
// -DTOPKIT_RAFT=DIR, where pip unpacked libraft-cu13, librmm-cu13 and rapids-logger (--target DIR).
#include <cuda_bf16.h>
#include <cuda_runtime.h>

#include <limits>
#include <new>
#include <optional>
#include <raft/core/device_mdspan.hpp>
#include <raft/core/resource/cuda_stream.hpp>
#include <raft/core/resource/device_memory_resource.hpp>
#include <raft/core/resources.hpp>
#include <raft/matrix/select_k.cuh>

#include "cuda_peer.hpp"

namespace topkit::bench {
namespace {

constexpr std::size_t kWorkspaceBytes = std::size_t{4} << 30;
constexpr std::size_t kAlignment = 256;

// Its workspace: memory taken before the clock runs and handed out from the front until all is given back. A pool of rmm
// takes memory when it is first asked, which cannot be recorded into a graph.
class Arena {
 public:
  explicit Arena(DeviceMemory& memory, std::size_t bytes) : memory_(&memory), bytes_(bytes) {}

  void* allocate_sync(std::size_t bytes, std::size_t = kAlignment) {
    const std::size_t begin = used_;
    used_ += (bytes + kAlignment - 1) / kAlignment * kAlignment;
    if (used_ > bytes_) throw std::bad_alloc();
    ++live_;
    return memory_->data() + begin;
  }
  void deallocate_sync(void*, std::size_t, std::size_t = kAlignment) noexcept {
    if (--live_ == 0) used_ = 0;
  }
  void* allocate(cuda::stream_ref, std::size_t bytes, std::size_t alignment = kAlignment) {
    return allocate_sync(bytes, alignment);
  }
  void deallocate(cuda::stream_ref, void* data, std::size_t bytes, std::size_t alignment = kAlignment) noexcept {
    deallocate_sync(data, bytes, alignment);
  }
  friend bool operator==(const Arena& a, const Arena& b) { return a.memory_ == b.memory_; }
  friend void get_property(const Arena&, cuda::mr::device_accessible) noexcept {}

 private:
  DeviceMemory* memory_;
  std::size_t bytes_, used_ = 0, live_ = 0;
};

const raft::resources& resources(cudaStream_t stream) {
  static DeviceMemory memory(kWorkspaceBytes);
  static raft::resources all;
  static const bool given =
      (raft::resource::set_workspace_resource(all, Arena(memory, kWorkspaceBytes), kWorkspaceBytes), true);
  static_cast<void>(given);
  raft::resource::set_cuda_stream(all, rmm::cuda_stream_view{stream});
  return all;
}

template <class T>
class RaftSelectK : public CudaPeerCall {
 public:
  RaftSelectK(const Case& c, bool sorted) : case_(c), sorted_(sorted) {
    const auto winners = static_cast<std::size_t>(c.rows * c.k);
    values_.reserve(winners * sizeof(T));
    indices_.reserve(winners * sizeof(std::uint32_t));
  }

  void run(const void* x, cudaStream_t stream) override {
    raft::matrix::select_k<T, std::uint32_t>(
        resources(stream),
        raft::make_device_matrix_view<const T, std::int64_t>(static_cast<const T*>(x), case_.rows, case_.cols),
        std::nullopt, raft::make_device_matrix_view<T, std::int64_t>(values_.as<T>(), case_.rows, case_.k),
        raft::make_device_matrix_view<std::uint32_t, std::int64_t>(indices_.as<std::uint32_t>(), case_.rows, case_.k),
        false, sorted_);
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
  DeviceMemory values_, indices_;
};

template <bool kSorted>
std::unique_ptr<CudaPeerCall> prepare(const Case& c, cudaStream_t stream) {
  if (c.order == Order::index || (c.order == Order::any && kSorted) || c.k > std::numeric_limits<int>::max())
    return nullptr;
  resources(stream);
  switch (c.dtype) {
    case DType::f32: return std::make_unique<RaftSelectK<float>>(c, kSorted);
    case DType::bf16: return std::make_unique<RaftSelectK<__nv_bfloat16>>(c, kSorted);
    default: return nullptr;
  }
}

}  // namespace

const CudaPeer kRaftSelectK{"raft", &prepare<false>}, kRaftSorted{"raft sorted", &prepare<true>};

}  // namespace topkit::bench
