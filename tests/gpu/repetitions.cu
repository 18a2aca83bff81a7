// Ten thousand calls of one problem give ten thousand times the same bits.
#include "report.hpp"
#include "trial.hpp"

namespace topkit::gpu_test {
namespace {

__global__ void count_differences(const unsigned* a, const unsigned* b, std::size_t words, unsigned long long* count) {
  for (std::size_t i = blockIdx.x * blockDim.x + threadIdx.x; i < words; i += std::size_t{gridDim.x} * blockDim.x)
    if (a[i] != b[i]) atomicAdd(count, 1ULL);
}

void repeat(const Request& request, const std::string& algorithm, int times, Report& report) {
  Arena arena;
  Trial trial(request);
  trial.upload(arena);
  arena.workspace.reserve_dirty(trial.workspace_bytes(algorithm, arena));
  const cudaStream_t stream = arena.stream.get();
  trial.poison(arena, stream);
  if (!trial.enqueue(algorithm, arena, stream)) return;
  DeviceBuffer first(trial.output_bytes()), count(8);
  check(cudaMemcpyAsync(first.data(), trial.output(), trial.output_bytes(), cudaMemcpyDeviceToDevice, stream), "copy");
  check(cudaMemsetAsync(count.data(), 0, 8, stream), "cudaMemset");
  const std::size_t words = trial.output_bytes() / 4;
  const auto blocks = static_cast<unsigned>(words / 256 < 64 ? words / 256 + 1 : 64);
  for (int i = 0; i < times; ++i) {
    trial.enqueue(algorithm, arena, stream);
    count_differences<<<blocks, 256, 0, stream>>>(reinterpret_cast<const unsigned*>(trial.output()),
                                                  reinterpret_cast<const unsigned*>(first.data()), words,
                                                  reinterpret_cast<unsigned long long*>(count.data()));
  }
  check(cudaGetLastError(), "comparing on the device");
  unsigned long long differences = 0;
  check(cudaMemcpyAsync(&differences, count.data(), 8, cudaMemcpyDeviceToHost, stream), "copy");
  const std::string trouble = trial.difference(arena);
  if (differences == 0 && trouble.empty())
    report.pass();
  else
    report.fail(trial.name() + "\n  by " + algorithm + ", " + std::to_string(times) +
                " times: " + std::to_string(differences) + " words differed from the first call; " + trouble);
}

}  // namespace

void test_repetitions(const Options& options, Report& report) {
  for (const std::string& algorithm : cuda_algorithms()) {
    for (const char* distribution : {"normal", "few_distinct"}) {
      for (const auto& [rows, cols, k] : {std::tuple{64, 1000, 32}, {4, 20000, 100}, {1, 200000, 500}}) {
        if (options.reduced && cols > 20000) continue;
        Request request{.dtype = DType::f32, .rows = rows, .cols = cols, .k = k};
        request.distribution = distribution;
        // Ten thousand for whom the plan chooses, one thousand for each by name.
        const int times = options.reduced ? 3 : algorithm.empty() ? 10000 : 1000;
        try {
          repeat(request, algorithm, times, report);
        } catch (const std::exception& failure) {
          report.fail("repeating " + algorithm + ": " + failure.what());
        }
      }
    }
  }
}

}  // namespace topkit::gpu_test
