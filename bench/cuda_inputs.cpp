#include "cuda_inputs.hpp"

#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "cuda_fill.hpp"
#include "distributions.hpp"

namespace topkit::bench {
namespace {

constexpr std::int64_t kAlignment = 512;
constexpr std::int64_t kHostElements = 1 << 25;  // made by the CPU for one case; further copies repeat the first ones

template <class Body>
void parallel(std::int64_t tasks, Body body) {
  std::atomic<std::int64_t> next = 0;
  std::vector<std::thread> threads;
  const auto count = std::min<std::int64_t>(tasks, std::max(1U, std::thread::hardware_concurrency()));
  for (std::int64_t i = 0; i < count; ++i)
    threads.emplace_back([&] {
      for (std::int64_t task = next++; task < tasks; task = next++) body(task);
    });
  for (std::thread& thread : threads) thread.join();
}

}  // namespace

CudaInputs::CudaInputs(const Case& c, CudaMachine& machine)
    : stride_bytes_((c.input_bytes() + kAlignment - 1) / kAlignment * kAlignment) {
  const std::int64_t enough = 3 * machine.l2_bytes();
  copies_ = std::clamp<std::int64_t>((enough + stride_bytes_ - 1) / stride_bytes_, 1, kMostCopies);
  data_ = machine.inputs.reserve(static_cast<std::size_t>(copies_ * stride_bytes_));
  fill(c, machine);
  check(cudaDeviceSynchronize(), "making the input");  // copies of pageable memory are not in the stream
}

void CudaInputs::fill(const Case& c, CudaMachine& machine) {
  const std::int64_t elements = copies_ * stride_bytes_ / bytes(c.dtype);
  if (c.distribution == "normal" && fill_normal(c.dtype, data_, elements, 1, machine.stream())) return;
  const Distribution& distribution = *find_distribution(c.distribution);
  const std::int64_t made = std::clamp<std::int64_t>(kHostElements / c.elements(), 1, copies_);
  std::vector<std::byte> host(static_cast<std::size_t>(made * stride_bytes_));
  parallel(made * c.rows, [&](std::int64_t task) {
    const std::int64_t copy = task / c.rows, row = task % c.rows;
    fill_row(distribution, c.dtype, static_cast<std::uint64_t>(copy), row, c.cols,
             host.data() + copy * stride_bytes_ + row * c.cols * bytes(c.dtype));
  });
  for (std::int64_t i = 0; i < copies_; i += made) {
    const auto size = static_cast<std::size_t>(std::min(made, copies_ - i) * stride_bytes_);
    if (i == 0)
      check(cudaMemcpy(data_, host.data(), size, cudaMemcpyHostToDevice), "copy to the device");
    else
      check(cudaMemcpy(data_ + i * stride_bytes_, data_, size, cudaMemcpyDeviceToDevice), "copy on the device");
  }
}

}  // namespace topkit::bench
