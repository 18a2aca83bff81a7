// How a problem will be solved: a pure function from problem, device and tuning to a plan that prints itself.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "device.hpp"
#include "problem.hpp"
#include "tuning.hpp"

namespace topkit {

enum class Algorithm : std::uint8_t;  // defined with its table in algorithms.hpp

// What the caller forces; unset fields are the plan's to choose.
struct Wish {
  std::string_view algorithm;  // empty: choose
  std::string_view isa;        // empty: the best
  int threads = 0;             // 0: as many as pay
  bool has_threads = true;     // somebody runs tasks at once: oneTBB, or a parallel_for that the caller lends
};

// Trivially copyable; compares; prints one "key: value" a line.
struct Plan {
  Algorithm algorithm{};
  std::string_view why;  // static text: the rule that chose it
  // CPU
  Isa isa = Isa::scalar;
  int threads = 1;
  std::int64_t rows_per_task = 0;  // rows are handed to threads in blocks of this many
  int row_parts = 1;               // >1: one row is split into this many parts
  // CUDA
  int launches = 0;
  int block_threads = 0;
  int cluster_blocks = 1;  // blocks that share one row
  int items_per_thread = 0;
  std::size_t workspace_bytes = 0;

  friend bool operator==(const Plan&, const Plan&) = default;
};

// Throws Failure when the wish names what is not there or cannot solve the problem.
Plan choose(const Problem& problem, const Device& device, const Tuning& tuning, const Wish& wish = {});

std::string to_string(const Plan& plan);

}  // namespace topkit
