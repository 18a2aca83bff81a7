// A kernel called without the plan, on rows a test writes by hand.
#pragma once

#include <gtest/gtest.h>

#include <algorithm>
#include <cstdint>
#include <vector>

#include "args.hpp"
#include "cuda/kernels.hpp"
#include "cuda/simt/machine.hpp"
#include "plan.hpp"
#include "support/oracle.hpp"

namespace topkit::test {

// Indices of the k best of each row of a type as wide as Raw, `offset` elements behind a 16-byte boundary.
template <class Raw>
testing::AssertionResult matches_oracle(cuda::Run* run, DType dtype, const std::vector<Raw>& rows, std::int64_t cols,
                                        std::int64_t k, int offset, std::uint64_t lane_order,
                                        std::size_t workspace_bytes = 0, const Plan& plan = {},
                                        Order order = Order::value) {
  const std::int64_t count = static_cast<std::int64_t>(rows.size()) / cols;
  std::vector<Raw> memory(rows.size() + 8);
  auto* x = reinterpret_cast<Raw*>((reinterpret_cast<std::uintptr_t>(memory.data()) + 15) / 16 * 16) + offset;
  std::copy(rows.begin(), rows.end(), x);
  std::vector<std::int32_t> indices(static_cast<std::size_t>(count * k), -2);
  std::vector<Raw> values(indices.size());
  std::vector<std::uint64_t> workspace(workspace_bytes / 8 + 2, 0x7777777777777777);

  Args args;
  args.problem = {.device = DeviceKind::cuda, .dtype = dtype, .index_type = IndexType::i32};
  args.problem.rows = count;
  args.problem.order = order;
  args.problem.cols = cols;
  args.problem.k = k;
  args.problem.layout.outer_stride = cols;
  args.x = x;
  args.values = values.data();
  args.indices = indices.data();
  args.values_layout.outer_stride = args.indices_layout.outer_stride = k;
  simt::settings().seed = lane_order;
  run(plan, args, workspace.data(), nullptr);

  for (std::int64_t r = 0; r < count; ++r) {
    auto wanted = oracle_row(dtype, x + r * cols, 1, 0, cols, k, true, Nan::largest);
    if (order == Order::index) std::sort(wanted.begin(), wanted.end());
    for (std::int64_t j = 0; j < k; ++j) {
      const auto at = static_cast<std::size_t>(r * k + j);
      if (indices[at] != wanted[static_cast<std::size_t>(j)] || values[at] != x[r * cols + indices[at]])
        return testing::AssertionFailure() << "row " << r << " place " << j << ": index " << indices[at] << ", not "
                                           << wanted[static_cast<std::size_t>(j)] << " (cols " << cols << ", k " << k
                                           << ", offset " << offset << ", lane order " << lane_order << ")";
    }
  }
  return testing::AssertionSuccess();
}

}  // namespace topkit::test
