// What the run found: counted from any thread, the first failures printed in full.
#pragma once

#include <atomic>
#include <cstdint>
#include <map>
#include <mutex>
#include <string>

namespace topkit::gpu_test {

struct Options {
  bool reduced = false;  // a small grid for compute-sanitizer
  int threads = 16;
  std::size_t every = 1;  // the grid: only one in so many of its requests
  std::string only;       // one part by name; empty: all
  std::string about;      // the grid: only requests whose name begins with this, as "3x50304 i32"
};

class Report {
 public:
  void pass() { ++passed_; }
  void fail(const std::string& sentence);
  void solved(const std::string& algorithm);

  std::int64_t passed() const { return passed_; }
  std::int64_t failed() const { return failed_; }
  std::map<std::string, std::int64_t> solved_by() const;

 private:
  std::atomic<std::int64_t> passed_ = 0, failed_ = 0;
  mutable std::mutex mutex_;
  std::map<std::string, std::int64_t> solved_;
};

// The parts, in the order in which they run. The graphs come first: there each kernel's first call ever is captured.
void test_graphs(const Options& options, Report& report);
void test_grid(const Options& options, Report& report);
void test_streams(const Options& options, Report& report);
void test_repetitions(const Options& options, Report& report);
void test_large(const Options& options, Report& report);
void test_merge(const Options& options, Report& report);
void test_misuse(const Options& options, Report& report);
void test_sampling(const Options& options, Report& report);
void test_verifier(const Options& options, Report& report);

}  // namespace topkit::gpu_test
