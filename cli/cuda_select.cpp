#include "cli/cuda_select.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <cstring>
#include <vector>

#include "cli/cuda_driver.hpp"

namespace topkit::cli {
namespace {

constexpr std::int64_t kPieceBytes = std::int64_t{256} << 20;

// Row-major rows of `count` elements each, at `dense`; rows of any stride at `spread`. `gather` says which is written.
void move_rows(const Piece& piece, const std::array<std::int64_t, 2>& strides, std::int64_t col_stride,
               std::int64_t count, std::int64_t element, std::byte* spread, std::byte* dense, bool gather) {
  const auto size = static_cast<std::size_t>(element);
  const auto copy = [&](std::byte* a, std::byte* b, std::size_t bytes) {
    std::memcpy(gather ? b : a, gather ? a : b, bytes);
  };
  for (std::int64_t i = 0; i < piece.rows[0]; ++i)
    for (std::int64_t j = 0; j < piece.rows[1]; ++j) {
      std::byte* row = spread + (i * strides[0] + j * strides[1]) * element;
      if (col_stride == 1) {
        copy(row, dense, static_cast<std::size_t>(count) * size);
      } else {
        for (std::int64_t c = 0; c < count; ++c) copy(row + c * col_stride * element, dense + c * element, size);
      }
      dense += count * element;
    }
}

}  // namespace

double cuda_select(const Task& task, std::byte* values, std::byte* indices, Progress& progress) {
  using Clock = std::chrono::steady_clock;
  const Selection& s = task.selection;
  if (s.k == 0) return 0;
  const CudaDriver driver;
  CudaBuffer x_memory(driver), values_memory(driver), indices_memory(driver), workspace_memory(driver);
  const DLTensor whole = task.x->dl();
  const std::int64_t index_bytes = task.index_type == IndexType::i32 ? 4 : 8;
  const DLDataType index_type{kDLInt, static_cast<std::uint8_t>(8 * index_bytes), 1};
  tk_options options = task.options;
  options.axis = -1;
  std::vector<std::byte> staged;
  double seconds = 0;
  for_each_piece(s, kPieceBytes, [&](const Piece& piece) {
    const auto start = Clock::now();
    const std::int64_t rows = piece.count();
    const auto in = static_cast<std::size_t>(rows * s.cols() * s.element_bytes);
    const auto winners = static_cast<std::size_t>(rows * s.k);
    const std::size_t value_bytes = winners * static_cast<std::size_t>(s.element_bytes);
    staged.resize(std::max(in, winners * 8));
    move_rows(piece, piece.x_strides, s.col_stride(), s.cols(), s.element_bytes,
              static_cast<std::byte*>(whole.data) + piece.x_offset * s.element_bytes, staged.data(), true);
    driver.upload(x_memory.reserve(in), staged.data(), in);
    values_memory.reserve(value_bytes);
    indices_memory.reserve(winners * static_cast<std::size_t>(index_bytes));

    const DLDevice device{kDLCUDA, 0};
    std::array<std::int64_t, 2> x_shape{rows, s.cols()}, out_shape{rows, s.k};
    DLTensor x{x_memory.data(), device, 2, whole.dtype, x_shape.data(), nullptr, 0};
    DLTensor v{values_memory.data(), device, 2, whole.dtype, out_shape.data(), nullptr, 0};
    DLTensor i{indices_memory.data(), device, 2, index_type, out_shape.data(), nullptr, 0};
    std::size_t workspace_bytes = 0;
    expect_ok(tk_topk_workspace(&x, s.k, &options, &v, &i, &workspace_bytes), task.x->name());
    if (workspace_bytes != 0) workspace_memory.reserve(workspace_bytes);
    std::array<std::int64_t, 1> workspace_shape{static_cast<std::int64_t>(workspace_bytes)};
    DLTensor workspace{workspace_memory.data(), device, 1, {kDLUInt, 8, 1}, workspace_shape.data(), nullptr, 0};
    expect_ok(tk_topk(&x, s.k, &options, &v, &i, workspace_bytes != 0 ? &workspace : nullptr, nullptr), task.x->name());

    driver.download(staged.data(), values_memory.reserve(0), value_bytes);
    move_rows(piece, piece.out_strides, s.out_col_stride(), s.k, s.element_bytes,
              values + piece.out_offset * s.element_bytes, staged.data(), false);
    driver.download(staged.data(), indices_memory.reserve(0), winners * static_cast<std::size_t>(index_bytes));
    move_rows(piece, piece.out_strides, s.out_col_stride(), s.k, index_bytes, indices + piece.out_offset * index_bytes,
              staged.data(), false);
    seconds += std::chrono::duration<double>(Clock::now() - start).count();
    progress.advance(static_cast<std::int64_t>(in));
  });
  return seconds;
}

}  // namespace topkit::cli
