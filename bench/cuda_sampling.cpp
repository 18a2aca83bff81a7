#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <cstring>
#include <ostream>
#include <vector>

#include "cuda_inputs.hpp"
#include "machine.hpp"
#include "sampling.hpp"
#include "statistics.hpp"
#include "tk_call.hpp"
#include "topkit/sampling.h"

namespace topkit::bench {
namespace {

// What differs from row to row: nothing; k and p, a little; or everything there is, with greedy rows among them.
enum class ByRow : std::uint8_t { nothing, k_and_p, all };

// What a row asks: k and p of 0 and 1 are off; n: tokens whose log-probabilities are listed, by topn_logprobs.
struct SampleCase {
  const char* name;
  std::int64_t rows, cols;
  DType dtype;
  std::int32_t k;
  float p, temperature;
  ByRow by_row;  // parameters are arrays on the device
  std::int64_t n;
  double target_us;  // of an H200, hot
};

constexpr SampleCase kCases[] = {
    {"nanochat", 1, 32768, DType::f32, 50, 1, 0.8F, ByRow::nothing, 0, 4.5},
    {"nanochat", 64, 32768, DType::f32, 50, 1, 0.8F, ByRow::nothing, 0, 7},
    {"nanochat", 1, 128256, DType::f32, 50, 1, 0.8F, ByRow::nothing, 0, 5},
    {"hf", 1, 128256, DType::f32, 50, 0.9F, 0.8F, ByRow::nothing, 0, 5.5},
    {"hf", 32, 128256, DType::f32, 50, 0.9F, 0.8F, ByRow::nothing, 0, 9.5},
    {"hf", 256, 128256, DType::f32, 50, 0.9F, 0.8F, ByRow::nothing, 0, 42},
    {"hf", 256, 128256, DType::bf16, 50, 0.9F, 0.8F, ByRow::nothing, 0, 27},
    {"by-row", 32, 128256, DType::f32, 50, 0.9F, 0.8F, ByRow::k_and_p, 0, 9.5},
    {"by-row", 256, 151936, DType::f32, 50, 0.9F, 0.8F, ByRow::k_and_p, 0, 48},
    {"mixed", 32, 128256, DType::f32, 50, 0.9F, 0.8F, ByRow::all, 0, 10.5},
    {"mixed", 256, 151936, DType::f32, 50, 0.9F, 0.8F, ByRow::all, 0, 52.8},
    {"no-filter", 32, 128256, DType::f32, 0, 1, 0.8F, ByRow::nothing, 0, 10},
    {"no-filter", 256, 151936, DType::f32, 0, 1, 0.8F, ByRow::nothing, 0, 55},
    {"top-p", 1, 128256, DType::f32, 0, 0.9F, 0.5F, ByRow::nothing, 0, 9},
    {"top-p", 128, 131072, DType::f32, 0, 0.9F, 0.5F, ByRow::nothing, 0, 34},
    {"logprobs-20", 1, 128256, DType::f32, 0, 1, 1, ByRow::nothing, 20, 6},
    {"logprobs-20", 64, 151936, DType::f32, 0, 1, 1, ByRow::nothing, 20, 15},
    {"logprobs-20", 256, 151936, DType::f32, 0, 1, 1, ByRow::nothing, 20, 50},
};

// The outputs of a call in some memory, and the call on it.
class SampleCall {
 public:
  SampleCall(const SampleCase& c, DLDeviceType device, std::byte* memory, const std::string& algorithm)
      : case_(c), device_(device), memory_(memory) {
    tk_sampling_init(&options_);
    options_.temperature = c.temperature;
    options_.seed = 7;
    if (!algorithm.empty()) options_.algorithm = algorithm.c_str();
    if (c.by_row == ByRow::nothing) {
      options_.top_k = c.k;
      options_.top_p = c.p;
    }
    rows_[0] = c.rows;
    x_ = matrix(nullptr, device, info(c.dtype).dl, shape_);
    tokens_ = column({kDLInt, 32, 1});
    ranks_ = column({kDLInt, 32, 1});
    logprobs_ = column({kDLFloat, 32, 1});
    ids_ = listed({kDLInt, 32, 1});
    id_logprobs_ = listed({kDLFloat, 32, 1});
    outputs_ = used_;
    k_ = column({kDLInt, 32, 1});
    p_ = column({kDLFloat, 32, 1});
    min_p_ = column({kDLFloat, 32, 1});
    temperature_ = column({kDLFloat, 32, 1});
    if (c.by_row != ByRow::nothing) {
      options_.row_top_k = &k_;
      options_.row_top_p = &p_;
    }
    if (c.by_row == ByRow::all) {
      options_.row_min_p = &min_p_;
      options_.row_temperature = &temperature_;
    }
  }
  SampleCall(const SampleCall&) = delete;
  SampleCall& operator=(const SampleCall&) = delete;

  static std::size_t bytes(const SampleCase& c) { return static_cast<std::size_t>(c.rows) * 8 * (7 + 2 * 32); }
  std::size_t output_bytes() const { return outputs_; }

  // What lies in the memory before the call: rows that ask for a little less or more, and tokens to look up.
  std::vector<std::byte> inputs() const {
    std::vector<std::byte> image(bytes(case_));
    for (std::int64_t r = 0; r < case_.rows; ++r) {
      const bool all = case_.by_row == ByRow::all;
      constexpr std::int32_t kSome[] = {1, 20, 50, 64};
      const std::int32_t k = all ? kSome[r / 2 % 4] : case_.k - static_cast<std::int32_t>(r % 8),
                         token = static_cast<std::int32_t>(r * 131);
      const float p = case_.p - 0.05F * static_cast<float>(r % 3), min_p = r % 4 == 3 ? 0.02F : 0.0F,
                  temperature = r % 8 == 0 ? 0.0F : 0.5F + 0.1F * static_cast<float>(r % 7);
      const auto put = [&](const DLTensor& t, const void* from) {
        std::memcpy(image.data() + (static_cast<std::byte*>(t.data) - memory_) + r * 4, from, 4);
      };
      put(k_, &k);
      put(p_, &p);
      put(min_p_, &min_p);
      put(temperature_, &temperature);
      put(tokens_, &token);
    }
    return image;
  }

  void run(const void* x, cudaStream_t stream) {
    x_.data = const_cast<void*>(x);
    if (case_.n == 0) {
      tk_sampled out;
      tk_sampled_init(&out);
      out.tokens = &tokens_;
      make([&](std::size_t* needed) { return tk_sample_workspace(&x_, &options_, &out, needed); },
           [&](DLTensor* workspace) { return tk_sample(&x_, &options_, &out, workspace, stream); });
    } else {
      tk_logprobs out;
      tk_logprobs_init(&out);
      out.tokens = &tokens_;
      out.ids = &ids_;
      out.logprobs = &id_logprobs_;
      out.token_logprobs = &logprobs_;
      out.token_ranks = &ranks_;
      make([&](std::size_t* needed) { return tk_topn_logprobs_workspace(&x_, &options_, &out, needed); },
           [&](DLTensor* workspace) { return tk_topn_logprobs(&x_, &options_, &out, workspace, stream); });
    }
  }

 private:
  DLTensor column(DLDataType type) {
    DLTensor t = matrix(memory_ + used_, device_, type, shape_);
    t.ndim = 1;
    t.shape = rows_.data();
    used_ += static_cast<std::size_t>(case_.rows) * 4;
    return t;
  }
  DLTensor listed(DLDataType type) {
    DLTensor t = matrix(memory_ + used_, device_, type, listed_);
    used_ += static_cast<std::size_t>(case_.rows * case_.n) * 4;
    return t;
  }
  template <class Query, class Call>
  void make(Query query, Call call) {
    std::size_t needed = 0;
    check(query(&needed));
    std::int64_t size = static_cast<std::int64_t>(needed);
    DLTensor room{
        needed == 0 ? nullptr : workspace_.reserve(needed), {device_, 0}, 1, {kDLUInt, 8, 1}, &size, nullptr, 0};
    check(call(needed == 0 ? nullptr : &room));
  }

  const SampleCase& case_;
  DLDeviceType device_;
  std::byte* memory_;
  std::size_t used_ = 0, outputs_ = 0;
  std::array<std::int64_t, 2> shape_{case_.rows, case_.cols}, listed_{case_.rows, case_.n};
  std::array<std::int64_t, 1> rows_{};
  tk_sampling options_;
  DLTensor x_, tokens_, ranks_, logprobs_, ids_, id_logprobs_, k_, p_, min_p_, temperature_;
  DeviceMemory workspace_;
};

struct SampleResult {
  double hot_us = 0, cold_us = 0;
  bool verified = false;
};

SampleResult measure_sampling(const SampleCase& c, const std::string& algorithm, const Choice& choice,
                              CudaMachine& machine) {
  Case input{.name = c.name, .device = DeviceKind::cuda, .dtype = c.dtype, .rows = c.rows, .cols = c.cols, .k = 1};
  const CudaInputs inputs(input, machine);
  const DeviceMemory memory(SampleCall::bytes(c));
  SampleCall call(c, kDLCUDA, memory.data(), algorithm);
  const std::vector<std::byte> image = call.inputs();
  check(cudaMemcpy(memory.data(), image.data(), image.size(), cudaMemcpyHostToDevice), "copy to the device");

  std::vector<std::byte> x(static_cast<std::size_t>(input.input_bytes())), found(image.size());
  call.run(inputs.copy(0), machine.stream());
  check(cudaStreamSynchronize(machine.stream()), "the call");
  check(cudaMemcpy(found.data(), memory.data(), found.size(), cudaMemcpyDeviceToHost), "copy from the device");
  check(cudaMemcpy(x.data(), inputs.copy(0), x.size(), cudaMemcpyDeviceToHost), "copy from the device");
  std::vector<std::byte> wanted(image.size());
  SampleCall on_cpu(c, kDLCPU, wanted.data(), "");
  const std::vector<std::byte> host_image = on_cpu.inputs();
  std::memcpy(wanted.data(), host_image.data(), wanted.size());
  on_cpu.run(x.data(), nullptr);
  SampleResult result;
  result.verified = std::memcmp(found.data(), wanted.data(), call.output_bytes()) == 0;

  CudaTimer timer;
  const int calls = input.input_bytes() > (std::int64_t{16} << 20) ? 20 : 100;
  const CallGraph hot(machine.stream(), calls, [&](int) { call.run(inputs.copy(0), machine.stream()); });
  const CallGraph cold(machine.stream(), calls,
                       [&](int i) { call.run(inputs.copy(i % inputs.copies()), machine.stream()); });
  std::vector<double> hots, colds;
  for (int i = 0; i < choice.rounds; ++i) {
    hots.push_back(timer.call_us(hot, machine.stream()));
    machine.flush_cache();
    colds.push_back(timer.call_us(cold, machine.stream()));
  }
  result.hot_us = median(hots);
  result.cold_us = median(colds);
  return result;
}

}  // namespace

void run_sampling(const Command& command, std::ostream& out, std::ostream* progress) {
  CudaMachine machine;
  Choice choice = command.choice;
  if (command.quick) choice.rounds = std::min(choice.rounds, 3);
  std::string wrong;
  // The plan's, and with `all` also what solves every case.
  std::vector<std::string> algorithms{choice.algorithm};
  if (choice.algorithm == "all") algorithms = {"", "resident"};
  for (const SampleCase& c : kCases) {
    const std::string name = fmt::format("cuda-sample-{}-{}-{}x{}", c.name, topkit::name(c.dtype), c.rows, c.cols);
    if (!command.names.empty() && std::find(command.names.begin(), command.names.end(), name) == command.names.end())
      continue;
    for (const std::string& algorithm : algorithms) {
      if (progress != nullptr) (*progress << "\r" << name << " ...\033[K\r").flush();
      const SampleResult r = measure_sampling(c, algorithm, choice, machine);
      if (progress != nullptr) (*progress << "\033[K").flush();
      if (!r.verified) wrong += " " + name;
      if (command.format == Format::json)
        out << fmt::format(
            R"({{"case": "{}", "op": "{}", "dtype": "{}", "rows": {}, "cols": {}, "k": {}, "p": {}, "temperature": {:.1f}, "by_row": {}, "n": {}, )"
            R"("device": "cuda", "machine": "{}", "date": "{}", "commit": "{}", "peer": "topkit", "algorithm": "{}", )"
            R"("hot_us": {:.3f}, "cold_us": {:.3f}, "target_hot_us": {}, "verified": {}}})",
            name, c.n == 0 ? "sample" : "topn_logprobs", topkit::name(c.dtype), c.rows, c.cols, c.k, c.p, c.temperature,
            c.by_row != ByRow::nothing, c.n, machine.gpu(), today(), command.commit, algorithm, r.hot_us, r.cold_us,
            c.target_us, r.verified);
      else
        out << fmt::format("{:<40} {:<9} hot {:>8.2f} us  cold {:>8.2f} us  target {:>5} us  {}", name, algorithm,
                           r.hot_us, r.cold_us, c.target_us, r.verified ? "as the CPU" : "NOT as the CPU");
      out << std::endl;
    }
  }
  if (!wrong.empty()) throw std::runtime_error("not the CPU's answer:" + wrong);
}

}  // namespace topkit::bench
