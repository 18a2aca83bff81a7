// The tests of the CUDA engine on a GPU: one program without dependencies, so that it can be carried to where the GPU is.
//
//   topkit_gpu_test [--reduced] [--threads N] [--every N] [--only graphs|grid|streams|repetitions|large|misuse|verifier|sampling|merge]
//
// Ends with one line; exit code 0 when everything agrees, 1 when not, 77 when there is no GPU.
#include <algorithm>
#include <chrono>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <string_view>
#include <thread>

#include "device.hpp"
#include "report.hpp"
#include "topkit/topkit.h"
#include "trial.hpp"

namespace topkit::gpu_test {
namespace {

constexpr int kShown = 20;

}  // namespace

void Report::fail(const std::string& sentence) {
  if (failed_++ >= kShown) return;
  const std::lock_guard lock(mutex_);
  std::printf("FAILED %s\n", sentence.c_str());
  std::fflush(stdout);
}

void Report::solved(const std::string& algorithm) {
  const std::lock_guard lock(mutex_);
  ++solved_[algorithm];
}

std::map<std::string, std::int64_t> Report::solved_by() const {
  const std::lock_guard lock(mutex_);
  return solved_;
}

namespace {

struct Part {
  const char* name;
  void (*run)(const Options&, Report&);
};
constexpr Part kParts[] = {{"graphs", &test_graphs},     {"misuse", &test_misuse},
                           {"verifier", &test_verifier}, {"sampling", &test_sampling},
                           {"merge", &test_merge},       {"grid", &test_grid},
                           {"streams", &test_streams},   {"repetitions", &test_repetitions},
                           {"large", &test_large}};

// Exits unless a part is called so.
void check_part(std::string_view name) {
  std::string names;
  for (const Part& part : kParts) {
    if (name == part.name) return;
    names += std::string(names.empty() ? "" : ", ") + part.name;
  }
  std::fprintf(stderr, "--only = %s: must be one of %s\n", std::string(name).c_str(), names.c_str());
  std::exit(2);
}

Options read(int argc, char** argv) {
  Options options;
  options.threads = static_cast<int>(std::min(16U, std::max(1U, std::thread::hardware_concurrency())));
  for (int i = 1; i < argc; ++i) {
    const std::string_view argument = argv[i];
    if (argument == "--reduced") {
      options.reduced = true;
      options.threads = 2;
    } else if (argument == "--threads" && i + 1 < argc) {
      options.threads = std::max(1, std::atoi(argv[++i]));
    } else if (argument == "--every" && i + 1 < argc) {
      options.every = static_cast<std::size_t>(std::max(1, std::atoi(argv[++i])));
    } else if (argument == "--about" && i + 1 < argc) {
      options.about = argv[++i];
    } else if (argument == "--only" && i + 1 < argc) {
      options.only = argv[++i];
      check_part(options.only);
    } else {
      std::fprintf(stderr, "unknown argument %s\n", argv[i]);
      std::exit(2);
    }
  }
  return options;
}

int run(const Options& options) {
  int devices = 0;
  if (cudaGetDeviceCount(&devices) != cudaSuccess || devices == 0) {
    std::printf("no GPU: skipped\n");
    return 77;
  }
  cudaDeviceProp properties;
  check(cudaGetDeviceProperties(&properties, 0), "cudaGetDeviceProperties");
  Report report;
  using Clock = std::chrono::steady_clock;
  const Clock::time_point start = Clock::now();
  const auto seconds = [](Clock::time_point since) {
    return std::chrono::duration<double>(Clock::now() - since).count();
  };
  for (const Part& part : kParts) {
    if (!options.only.empty() && options.only != part.name) continue;
    const Clock::time_point begin = Clock::now();
    const std::int64_t passed = report.passed(), failed = report.failed();
    try {
      part.run(options, report);
    } catch (const std::exception& failure) {
      report.fail(std::string(part.name) + ": " + failure.what());
    }
    std::printf("%-12s %8lld agree %6lld differ %7.1f s\n", part.name, static_cast<long long>(report.passed() - passed),
                static_cast<long long>(report.failed() - failed), seconds(begin));
    std::fflush(stdout);
  }
  // Of problems picked by name some algorithms may have none.
  if (options.about.empty() && (options.only.empty() || options.only == "grid"))
    for (const auto counts = report.solved_by(); const std::string& algorithm : cuda_algorithms()) {
      const auto at = counts.find(algorithm);
      if (at == counts.end())
        report.fail((algorithm.empty() ? std::string("the plan") : algorithm) + " declined every problem");
      else
        std::printf("  %-10s solved %lld problems\n", algorithm.empty() ? "(plan)" : algorithm.c_str(),
                    static_cast<long long>(at->second));
    }
  if (report.passed() + report.failed() == 0)
    report.fail("--about = " + options.about +
                ": must be how a request of the grid is named, or begins; nothing was checked");
  std::printf("gpu-test: %s: %lld checks agree with the CPU, %lld differ, on %s, %.0f s%s\n",
              report.failed() == 0 ? "PASSED" : "FAILED", static_cast<long long>(report.passed()),
              static_cast<long long>(report.failed()), properties.name, seconds(start),
              options.reduced ? " (reduced)" : "");
  return report.failed() == 0 ? 0 : 1;
}

}  // namespace
}  // namespace topkit::gpu_test

int main(int argc, char** argv) {
  try {
    return topkit::gpu_test::run(topkit::gpu_test::read(argc, argv));
  } catch (const std::exception& failure) {
    std::printf("gpu-test: FAILED: %s\n", failure.what());
    return 1;
  }
}
