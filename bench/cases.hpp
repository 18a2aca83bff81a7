// What is measured: the rows of cases.json, and cases made on the command line.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "problem.hpp"

namespace topkit::bench {

// How far the input is from the core while it is called "hot". l2: two copies of the rows are used in turn. l3: a pool of
// at least 16 MB is used in turn, so that no branch predictor learns a row by heart.
enum class Cache : std::uint8_t { l2, l3 };

struct Case {
  std::string name;
  std::string suite;  // where its shape comes from: llm, small, attention, search; "": made on the command line
  DeviceKind device = DeviceKind::cpu;
  DType dtype = DType::f32;
  std::int64_t rows = 1, cols = 0, k = 0;
  Order order = Order::value;
  Cache cache = Cache::l3;
  std::string distribution = "normal";
  std::string lengths;                                  // CUDA, of the rows: a name of lengths.hpp; "": none
  std::optional<double> target_floors;                  // CPU: hot time over the floor, at most
  std::optional<double> target_hot_us, target_cold_us;  // CUDA

  std::int64_t elements() const { return rows * cols; }
  std::int64_t input_bytes() const { return elements() * bytes(dtype); }
};

const std::vector<Case>& built_in_cases();
std::string default_name(const Case& c);

}  // namespace topkit::bench
