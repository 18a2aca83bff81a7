// Sampling on the GPU beside the CPU engine: calls drawn from seeds, every byte of their answers; and the same from a graph.
#include <deque>
#include <iterator>

#include "device.hpp"
#include "report.hpp"
#include "support/sample_trial.hpp"

namespace topkit::gpu_test {
namespace {

// Copies on the GPU, which last from call to call and are never cleared.
class OnGpu : public test::SampleMemory {
 public:
  OnGpu() : SampleMemory({kDLCUDA, 0}) {}

  void* bring(std::vector<std::byte>& bytes) override {
    if (used_ == buffers_.size()) buffers_.emplace_back();
    std::byte* const room = buffers_[used_++].reserve(bytes.size());
    check(cudaMemcpyAsync(room, bytes.data(), bytes.size(), cudaMemcpyHostToDevice, stream_.get()), "copy");
    there_.push_back({&bytes, room});
    return room;
  }
  void* stream() override { return stream_.get(); }
  void after() override {
    for (const auto& [bytes, room] : there_)
      check(cudaMemcpyAsync(bytes->data(), room, bytes->size(), cudaMemcpyDeviceToHost, stream_.get()), "copy");
    forget();
  }
  // Of a call that was not made nothing is waited for.
  void forget() {
    stream_.synchronize();
    there_.clear();
    used_ = 0;
  }

 private:
  DeviceStream stream_;
  std::deque<DeviceBuffer> buffers_;
  std::size_t used_ = 0;
  std::vector<std::pair<std::vector<std::byte>*, std::byte*>> there_;
};

}  // namespace

void test_sampling(const Options& options, Report& report) {
  const std::uint64_t calls = options.reduced ? 40 : 600;
  OnGpu gpu;
  test::SampleMemory host;
  const char* const algorithms[] = {nullptr, "resident", "reread", "selected", nullptr, "selected", "reread", "tiles"};
  constexpr std::uint64_t kWays = std::size(algorithms);
  for (std::uint64_t seed = 0; seed < calls; seed += options.every) {
    test::SampleTrial call(seed, {1, 700, 3333, 32768, 50257, 128256, 262145});
    const std::uint64_t way = seed % kWays;
    const char* const algorithm = algorithms[way];
    if (way >= 3 && way <= 5) call.ask_for_k();
    if (way == 6) call.ask_for_tokens();
    if (way == 7) call.ask_for_few_logprobs();
    const std::string name = call.name() + ", call " + std::to_string(seed);
    try {
      const auto wanted = call.run(host, nullptr);
      const auto found = call.run(gpu, algorithm);
      std::string wrong;
      for (std::size_t i = 0; i < wanted.size(); ++i)
        if (found[i] != wanted[i]) wrong += std::string(" ") + test::kSampleOutputs[i];
      if (wrong.empty()) {
        report.pass();
        if (algorithm != nullptr) report.solved(std::string("sample ") + algorithm);
      } else {
        report.fail(name + ": the CPU has other" + wrong);
      }
    } catch (const std::exception& failure) {
      gpu.forget();
      report.fail(name + ": " + failure.what());
    }
  }
}

}  // namespace topkit::gpu_test
