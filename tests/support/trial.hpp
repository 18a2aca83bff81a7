// A request with its input, its answer by the oracle, and the means to ask any engine for the same.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "buffers.hpp"
#include "request.hpp"
#include "topkit/topkit.h"

namespace topkit::test {

// Who shall do it. Empty names: whom the plan chooses.
struct Engine {
  std::string algorithm, isa;
  int threads = 1;
  tk_parallel_for parallel_for = nullptr;
  void* pool = nullptr;
  DLDeviceType device = kDLCPU;  // kDLCUDA where the program's CUDA engine is the host stand-in, whose memory is ours
  int ordinal = 0;               // of a CUDA device
};
std::ostream& operator<<(std::ostream& out, const Engine& engine);

// Every CPU algorithm x instruction set that this machine can run.
const std::vector<Engine>& cpu_engines();

class Trial {
 public:
  explicit Trial(const Request& request);

  // Calls tk_topk over guarded, poisoned outputs and compares every byte of them. With `may_decline`, an error
  // about the forced algorithm passes if nothing was written: it need not solve every problem.
  testing::AssertionResult matches_oracle(const Engine& engine, bool may_decline = false);

  bool declined() const { return declined_; }

  // The place of one winner: what `indices` and `values` hold there.
  struct Winner {
    std::int64_t index;
    std::uint64_t raw;
    auto operator<=>(const Winner&) const = default;
  };
  const std::vector<std::vector<Winner>>& expected() const { return expected_; }

 private:
  // A view whose axis `axis` is selected along; rows are the other axes in row-major order.
  struct Tensor {
    DLTensor dl{};
    std::vector<std::int64_t> shape, strides;  // in elements
    int axis = 0;

    std::int64_t extent() const;  // elements from the first to one past the last
    std::int64_t row_offset(std::int64_t row) const;
    std::int64_t col_stride() const { return strides[static_cast<std::size_t>(axis)]; }
    void bind(void* data, DLDataType type, bool with_strides);
  };

  void make_input();
  void make_ids();
  void make_row_arrays();
  void make_expected();
  Tensor make_output(DLDataType type, GuardedBuffer& buffer) const;
  testing::AssertionResult compare(const Tensor& values, const Tensor& indices) const;
  testing::AssertionResult compare_row(std::int64_t row, std::vector<Winner> actual) const;

  Request request_;
  Tensor x_, ids_, lengths_, starts_, row_k_;
  GuardedBuffer x_buffer_, ids_buffer_, lengths_buffer_, starts_buffer_, row_k_buffer_, values_buffer_, indices_buffer_,
      workspace_buffer_;
  struct Span {
    std::int64_t begin, end, count;
  };
  std::vector<Span> spans_;
  std::uint64_t fill_ = 0;
  std::vector<std::vector<Winner>> expected_;
  bool declined_ = false;
};

// All engines, or the first that is wrong. Adds how many solved it to `solved` when that is not null.
testing::AssertionResult all_engines_match(const Request& request, std::int64_t* solved = nullptr);

}  // namespace topkit::test
