// A selection of a whole tensor through the C interface, piece by piece.
#pragma once

#include <cstddef>
#include <string>

#include "cli/pieces.hpp"
#include "cli/progress.hpp"
#include "cli/tensor.hpp"
#include "problem.hpp"
#include "topkit/topkit.h"

namespace topkit::cli {

// One tensor to select from, and everything about how.
struct Task {
  const Tensor* x = nullptr;
  Selection selection;
  IndexType index_type = IndexType::i64;
  tk_options options{};
  DeviceKind device = DeviceKind::cpu;

  std::size_t values_bytes() const;
  std::size_t indices_bytes() const;
};

// The plan of the task as tk_explain words it. Throws Failure when the task can never run: before any output is there.
std::string check(const Task& task);

// Writes row-major outputs of selection.out_shape(). Returns the seconds spent inside the library.
double select(const Task& task, std::byte* values, std::byte* indices, Progress& progress);

// Throws Failure with the library's sentence, `what` before it, unless status is TK_OK.
void expect_ok(tk_status status, const std::string& what);

}  // namespace topkit::cli
