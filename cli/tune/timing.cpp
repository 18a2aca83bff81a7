#include "cli/tune/timing.hpp"

#include <algorithm>
#include <chrono>
#include <map>
#include <stdexcept>

#include "bench/runner.hpp"
#include "distributions.hpp"
#include "status.hpp"

namespace topkit::cli::tune {
namespace {

constexpr std::int64_t kPoolBytes = 8 << 20;  // inputs rotate through it, so that no branch is learnt by heart
constexpr int kRounds = 7;
constexpr double kOutOfRace = 4;  // times the best, after two rounds
constexpr int kCudaRounds = 3;

class CpuTiming : public Timing {
 public:
  explicit CpuTiming(std::string isa) : isa_(std::move(isa)) {}

  Cell time(const Problem& problem) override {
    Cell cell;
    cell.problem = problem;
    values_.resize(static_cast<std::size_t>(problem.rows * problem.k));
    indices_.resize(values_.size());
    for (int round = 0; round < kRounds; ++round)
      for (const AlgorithmInfo& algorithm : algorithms()) {
        if (algorithm.device != DeviceKind::cpu || !algorithm.can(problem)) continue;
        double& us = cell.us[static_cast<std::size_t>(algorithm.algorithm)];
        if (round >= 2 && us > kOutOfRace * cell.best()) continue;
        us = std::min(us, call_us(problem, algorithm, round));
      }
    return cell;
  }

 private:
  double call_us(const Problem& p, const AlgorithmInfo& algorithm, int round) {
    const std::int64_t call_bytes = p.rows * p.cols * bytes(p.dtype);
    std::int64_t shape[2] = {p.rows, p.cols}, out_shape[2] = {p.rows, p.k};
    const DLDataType type = info(p.dtype).dl;
    const auto offset = static_cast<std::uint64_t>(round % (kPoolBytes / call_bytes) * call_bytes);
    DLTensor x{pool_of(p.dtype).data(), {kDLCPU, 0}, 2, type, shape, nullptr, offset};
    DLTensor to{values_.data(), {kDLCPU, 0}, 2, type, out_shape, nullptr, 0};
    DLTensor at{indices_.data(), {kDLCPU, 0}, 2, {kDLInt, 64, 1}, out_shape, nullptr, 0};
    tk_options options;
    tk_options_init(&options);
    options.algorithm = algorithm.name.data();
    options.isa = isa_.c_str();
    options.threads = 1;
    const auto start = std::chrono::steady_clock::now();
    const tk_status status = tk_topk(&x, p.k, &options, &to, &at, nullptr, nullptr);
    const std::chrono::duration<double, std::micro> spent = std::chrono::steady_clock::now() - start;
    if (status != TK_OK) fail(status, "{}", tk_last_error());
    return spent.count();
  }

  std::vector<std::uint64_t>& pool_of(DType dtype) {
    std::vector<std::uint64_t>& pool = pools_[dtype];
    if (pool.empty()) {
      pool.resize(kPoolBytes / 8);
      bench::fill_row(*bench::find_distribution("normal"), dtype, 1, 0, kPoolBytes / bytes(dtype), pool.data());
    }
    return pool;
  }

  std::string isa_;
  std::map<DType, std::vector<std::uint64_t>> pools_;
  std::vector<std::uint64_t> values_;
  std::vector<std::int64_t> indices_;
};

class CudaTiming : public Timing {
 public:
  Cell time(const Problem& problem) override {
    bench::Case c;
    c.device = DeviceKind::cuda;
    c.dtype = problem.dtype;
    c.rows = problem.rows, c.cols = problem.cols, c.k = problem.k;
    c.name = bench::default_name(c);
    Cell cell;
    cell.problem = problem;
    const bench::Choice choice{.algorithm = "all", .peers = false, .rounds = kCudaRounds, .index_bytes = 4};
    for (const bench::Result& result : bench::measure(c, *backend_, choice).results) {
      if (result.who.peer != "topkit" || !result.who.forced) continue;
      if (!result.verified)
        throw std::runtime_error(formatted("{} by {}: {}", c.name, result.who.algorithm, result.complaint));
      if (const auto algorithm = algorithm_from(result.who.algorithm, DeviceKind::cuda))
        cell.us[static_cast<std::size_t>(*algorithm)] = result.hot_us;
    }
    return cell;
  }

 private:
  std::unique_ptr<bench::Backend> backend_ = bench::make_cuda_backend();
};

}  // namespace

std::unique_ptr<Timing> cpu_timing(const std::string& isa) { return std::make_unique<CpuTiming>(isa); }
std::unique_ptr<Timing> cuda_timing() { return std::make_unique<CudaTiming>(); }

}  // namespace topkit::cli::tune
