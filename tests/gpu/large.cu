// More than 2^32 elements in all, and the longest row there can be: made on the device, judged by the CPU.
#include <algorithm>
#include <atomic>
#include <thread>
#include <vector>

#include "report.hpp"
#include "trial.hpp"

namespace topkit::gpu_test {
namespace {

// splitmix64 of the position, cut to bytes (Steele, Lea, Flood 2014). Sign bits make half of the floats negative; NaN and
// infinity occur as often as their bits do.
__global__ void fill(unsigned long long* words, std::size_t count, unsigned long long seed) {
  for (std::size_t i = blockIdx.x * std::size_t{blockDim.x} + threadIdx.x; i < count;
       i += std::size_t{gridDim.x} * blockDim.x) {
    unsigned long long z = (i + seed) * 0x9e3779b97f4a7c15ULL;
    z = (z ^ z >> 30) * 0xbf58476d1ce4e5b9ULL;
    z = (z ^ z >> 27) * 0x94d049bb133111ebULL;
    words[i] = z ^ z >> 31;
  }
}

// A parallel_for over threads of its own.
void parallel_for(void*, std::int64_t tasks, tk_task body, void* argument) {
  std::atomic<std::int64_t> next = 0;
  std::vector<std::thread> threads;
  for (unsigned i = 0; i < std::max(1U, std::thread::hardware_concurrency()); ++i)
    threads.emplace_back([&] {
      for (std::int64_t task = next++; task < tasks; task = next++) body(argument, task);
    });
  for (std::thread& thread : threads) thread.join();
}

void one(DType dtype, std::int64_t rows, std::int64_t cols, std::int64_t k, const std::string& algorithm,
         Report& report) {
  const auto size = static_cast<std::size_t>(bytes(dtype));
  const std::size_t total = static_cast<std::size_t>(rows * cols) * size;
  const DeviceStream stream;
  const cudaStream_t s = stream.get();
  const DeviceBuffer x(total + 8), values(static_cast<std::size_t>(rows * k) * size),
      indices(static_cast<std::size_t>(rows * k) * 8);
  fill<<<1024, 512, 0, s>>>(reinterpret_cast<unsigned long long*>(x.data()), (total + 7) / 8, 1);
  check(cudaGetLastError(), "filling");

  std::int64_t shape_x[2]{rows, cols}, shape_out[2]{rows, k};
  const DLTensor dl_x{x.data(), {kDLCUDA, 0}, 2, info(dtype).dl, shape_x, nullptr, 0};
  DLTensor dl_values{values.data(), {kDLCUDA, 0}, 2, info(dtype).dl, shape_out, nullptr, 0};
  DLTensor dl_indices{indices.data(), {kDLCUDA, 0}, 2, {kDLInt, 64, 1}, shape_out, nullptr, 0};
  tk_options o;
  tk_options_init(&o);
  if (!algorithm.empty()) o.algorithm = algorithm.c_str();
  std::size_t needed = 0;
  if (tk_topk_workspace(&dl_x, k, &o, &dl_values, &dl_indices, &needed) == TK_UNSUPPORTED) return;
  const DeviceBuffer memory(needed);
  auto workspace_bytes = static_cast<std::int64_t>(needed);
  DLTensor workspace{memory.data(), {kDLCUDA, 0}, 1, {kDLUInt, 8, 1}, &workspace_bytes, nullptr, 0};
  if (tk_topk(&dl_x, k, &o, &dl_values, &dl_indices, needed == 0 ? nullptr : &workspace, s) != TK_OK)
    throw std::runtime_error(tk_last_error());
  stream.synchronize();

  // A few rows, among them the last, which lies beyond every 32-bit offset.
  o.algorithm = nullptr;
  o.parallel_for = &parallel_for;
  for (std::int64_t row = rows - 1; row >= 0; row -= std::max<std::int64_t>(1, rows / 5)) {
    std::vector<std::byte> host(static_cast<std::size_t>(cols) * size), found(static_cast<std::size_t>(k) * (size + 8)),
        wanted(found.size());
    const std::size_t value_bytes = static_cast<std::size_t>(k) * size, index_bytes = static_cast<std::size_t>(k) * 8;
    const auto at = static_cast<std::size_t>(row);
    check(cudaMemcpy(host.data(), x.data() + at * host.size(), host.size(), cudaMemcpyDeviceToHost), "copy");
    check(cudaMemcpy(found.data(), values.data() + at * value_bytes, value_bytes, cudaMemcpyDeviceToHost), "copy");
    check(
        cudaMemcpy(found.data() + value_bytes, indices.data() + at * index_bytes, index_bytes, cudaMemcpyDeviceToHost),
        "copy");
    std::int64_t shape_row[1]{cols}, shape_best[1]{k};
    const DLTensor cpu_x{host.data(), {kDLCPU, 0}, 1, info(dtype).dl, shape_row, nullptr, 0};
    DLTensor cpu_values{wanted.data(), {kDLCPU, 0}, 1, info(dtype).dl, shape_best, nullptr, 0};
    DLTensor cpu_indices{wanted.data() + value_bytes, {kDLCPU, 0}, 1, {kDLInt, 64, 1}, shape_best, nullptr, 0};
    if (tk_topk(&cpu_x, k, &o, &cpu_values, &cpu_indices, nullptr, nullptr) != TK_OK)
      throw std::runtime_error(tk_last_error());
    if (found == wanted)
      report.pass();
    else
      report.fail(std::to_string(rows) + "x" + std::to_string(cols) + " " + std::string(name(dtype)) +
                  " k=" + std::to_string(k) + " by " + (algorithm.empty() ? "the plan" : algorithm) + ": row " +
                  std::to_string(row) + " differs from the CPU's");
  }
}

}  // namespace

void test_large(const Options& options, Report& report) {
  if (options.reduced) return;
  struct Size {
    DType dtype;
    std::int64_t rows, cols, k;
    const char* algorithm;
  };
  constexpr std::int64_t kLongest = (std::int64_t{1} << 31) - 1;
  for (const Size& size : {Size{DType::bf16, 65600, 65536, 16, ""}, Size{DType::u8, 4300, 1000000, 8, ""},
                           Size{DType::i16, 16800000, 256, 8, ""}, Size{DType::i16, 4200000, 1024, 8, "warp"},
                           Size{DType::i16, 1050000, 4096, 8, "block"}, Size{DType::i16, 1050000, 4096, 8, "radix"},
                           Size{DType::f32, 1, kLongest, 100, ""}, Size{DType::u8, 2, kLongest, 1000, ""}}) {
    try {
      one(size.dtype, size.rows, size.cols, size.k, size.algorithm, report);
    } catch (const std::exception& failure) {
      report.fail(std::to_string(size.rows) + "x" + std::to_string(size.cols) + ": " + failure.what());
    }
  }
}

}  // namespace topkit::gpu_test
