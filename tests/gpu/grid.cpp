// Every algorithm x type x option x distribution, from many threads at once, each with its own stream.
#include <algorithm>
#include <atomic>
#include <set>
#include <thread>
#include <vector>

#include "distributions.hpp"
#include "report.hpp"
#include "trial.hpp"

namespace topkit::gpu_test {
namespace {

std::vector<DType> types(const Options& options) {
  if (options.reduced) return {DType::f32, DType::bf16, DType::f64, DType::u8};
  std::vector<DType> all;
  for (int i = 0; i < kDTypes; ++i) all.push_back(static_cast<DType>(i));
  return all;
}

// Sizes where some path changes over, each with options drawn anew.
void add_sizes(const Options& options, DType dtype, std::vector<Request>& requests) {
  std::set<std::int64_t> sizes{33, 1000, 5000, 50304};
  if (!options.reduced) {
    for (std::int64_t n = 0; n <= 64; ++n) sizes.insert(n);
    for (std::int64_t power = 64; power <= 8192; power *= 2)
      sizes.insert({power - 1, power, power + 1, power * 3 / 2 + 5});
    sizes.insert({16384, 20000, 32000, 32768, 50304, 65537, 100000, 128256, 151936, 262144, 300001});
  }
  for (const std::int64_t n : sizes) {
    std::set<std::int64_t> ks{1, 50, n / 3};
    if (!options.reduced)
      ks.insert({0, 2, 5, 8, 16, 31, 33, 64, 65, 128, 200, 256, 257, 1000, 1024, 2048, n / 2, n - 1, n});
    for (const std::int64_t k : ks) {
      if (k < 0 || k > n || (n > 40000 && k > 4096 && k % 3 != 0)) continue;
      const std::uint64_t seed = (static_cast<std::uint64_t>(dtype) * 1000003 + static_cast<std::uint64_t>(n)) * 4099 +
                                 static_cast<std::uint64_t>(k);
      const std::int64_t rows = options.reduced ? 2 : n < 2000 ? 1 + static_cast<std::int64_t>(seed % 200) : 1 + n % 7;
      requests.push_back(for_cuda(test::drawn(dtype, rows, n, k, seed)));
    }
  }
}

struct Size {
  std::int64_t rows, cols, k;
};

void add_distributions(const Options& options, DType dtype, std::vector<Request>& requests) {
  std::vector<Size> shapes{{2, 700, 20}, {1, 20000, 100}};
  if (!options.reduced)
    shapes = {{64, 100, 4},   {64, 300, 8},      {16, 1024, 32},    {8, 4096, 128},   {4, 8192, 10},
              {2, 50304, 50}, {1, 128256, 1000}, {1, 300000, 2048}, {2, 30000, 15000}};
  for (const bench::Distribution& distribution : bench::distributions()) {
    for (const bool largest : {true, false}) {
      for (const auto& [rows, cols, k] : shapes) {
        if (options.reduced && largest == (requests.size() % 2 == 0)) continue;
        Request request{.dtype = dtype, .rows = rows, .cols = cols, .k = k};
        request.largest = largest;
        request.index_type = largest ? IndexType::i64 : IndexType::i32;
        request.distribution = distribution.name;
        requests.push_back(request);
      }
    }
  }
}

// Rows by the thousand, as serving and routing have them.
void add_many_rows(std::vector<Request>& requests) {
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16})
    for (const std::string_view distribution : {"normal", "all_equal", "few_distinct", "ascending", "nan_hotspots"})
      for (const auto& [rows, cols, k] : {Size{4096, 1024, 32},
                                          {16384, 256, 8},
                                          {65536, 128, 4},
                                          {1000, 10000, 10},
                                          {300, 20000, 64},
                                          {200, 50304, 50}}) {
        Request request{.dtype = dtype, .rows = rows, .cols = cols, .k = k};
        request.distribution = distribution;
        requests.push_back(request);
      }
  // Rows that end anywhere: whole warps of their blocks leave early.
  int choice = 1;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16})
    for (const std::string_view distribution : {"normal", "all_equal", "sawtooth"})
      for (const auto& [rows, cols, k] :
           {Size{4096, 1024, 32}, {4096, 2048, 64}, {2000, 4096, 128}, {500, 16384, 200}}) {
        Request request = for_cuda(test::ragged(dtype, rows, cols, k, choice));
        request.distribution = distribution;
        request.order = Order::value;
        requests.push_back(request);
        choice = (choice + 2) % 16;
      }
}

// One shape by value of every distribution, then so many times with all options drawn, and as often with ragged rows.
void add_shape(DType dtype, const Size& shape, int times, std::uint64_t& seed, std::vector<Request>& requests) {
  const auto [rows, cols, k] = shape;
  for (const bench::Distribution& distribution : bench::distributions()) {
    Request request{.dtype = dtype, .rows = rows, .cols = cols, .k = k};
    request.distribution = distribution.name;
    requests.push_back(request);
  }
  for (int i = 0; i < times; ++i) requests.push_back(for_cuda(test::drawn(dtype, rows, cols, k, seed++)));
  for (int i = 0; i < times; ++i)
    requests.push_back(for_cuda(test::ragged(dtype, rows, cols, k, static_cast<int>(seed++ * 7 % 16))));
}

// Few winners of thousands of short rows, as a mixture of experts routes tokens.
void add_routers(std::vector<Request>& requests) {
  std::uint64_t seed = 1;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16, DType::i32, DType::f8e4m3})
    for (const Size& shape : {Size{9001, 64, 6}, {9002, 128, 8}, {9003, 32, 2}, {9004, 48, 4}, {9005, 96, 1}})
      add_shape(dtype, shape, 4, seed, requests);
}

// Few rows over the whole device.
void add_long_rows(std::vector<Request>& requests) {
  std::uint64_t seed = 1;
  for (const DType dtype : {DType::f32, DType::bf16, DType::i32})
    for (const Size& shape : {Size{1, 1048576, 100}, {3, 700001, 256}, {1, 2500000, 10}})
      add_shape(dtype, shape, 2, seed, requests);
}

// Thousands of winners, or a large part of the row.
void add_many_winners(std::vector<Request>& requests) {
  std::uint64_t seed = 1;
  for (const DType dtype : {DType::f32, DType::bf16, DType::i32})
    for (const Size& shape :
         {Size{64, 8192, 2048}, {8, 65536, 1500}, {16, 32768, 16384}, {8, 131072, 4096}, {1, 1000003, 500001}})
      add_shape(dtype, shape, 4, seed, requests);
}

// Hundreds of winners of so many rows that a block has one or two of them in its registers.
void add_rows_in_registers(std::vector<Request>& requests) {
  std::uint64_t seed = 1;
  for (const DType dtype : {DType::f32, DType::bf16, DType::f16})
    for (const Size& shape : {Size{265, 16384, 2048}, {301, 4100, 500}, {277, 30001, 2500}})
      add_shape(dtype, shape, 2, seed, requests);
}

void run_one(const Request& request, Arena& arena, Report& report) {
  Trial trial(request);
  trial.upload(arena);
  for (const std::string& algorithm : cuda_algorithms()) {
    std::string trouble;
    try {
      trial.poison(arena, arena.stream.get());
      if (!trial.enqueue(algorithm, arena, arena.stream.get())) continue;
      trouble = trial.difference(arena);
    } catch (const std::exception& failure) {
      trouble = failure.what();
    }
    report.solved(algorithm);
    if (trouble.empty())
      report.pass();
    else
      report.fail(trial.name() + "\n  by " + (algorithm.empty() ? "the plan" : algorithm) + ": " + trouble);
  }
}

}  // namespace

void test_grid(const Options& options, Report& report) {
  std::vector<Request> requests;
  for (const DType dtype : types(options)) {
    add_sizes(options, dtype, requests);
    add_distributions(options, dtype, requests);
  }
  if (!options.reduced) add_many_rows(requests);
  if (!options.reduced) add_routers(requests);
  if (!options.reduced) add_many_winners(requests);
  if (!options.reduced) add_rows_in_registers(requests);
  if (!options.reduced) add_long_rows(requests);
  std::erase_if(requests, [&](const Request& request) {
    const std::string name = std::to_string(request.rows) + "x" + std::to_string(request.cols) + " " +
                             std::string(info(request.dtype).name) + " ";
    return !name.starts_with(options.about);
  });

  std::atomic<std::size_t> next = 0;
  std::vector<std::thread> workers;
  for (int i = 0; i < options.threads; ++i)
    workers.emplace_back([&] {
      try {
        Arena arena;
        for (std::size_t at = options.every * next++; at < requests.size(); at = options.every * next++)
          run_one(requests[at], arena, report);
      } catch (const std::exception& failure) {
        report.fail(std::string("a worker of the grid stopped: ") + failure.what());
      }
    });
  for (std::thread& worker : workers) worker.join();
}

}  // namespace topkit::gpu_test
