#include "cli/cuda_select.hpp"

#include <algorithm>
#include <array>
#include <chrono>
#include <vector>

#include "cli/cuda_driver.hpp"
#include "cli/move_rows.hpp"

namespace topkit::cli {
namespace {

constexpr std::int64_t kCudaPieceBytes = std::int64_t{256} << 20;

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
  for_each_piece(s, kCudaPieceBytes, [&](const Piece& piece) {
    const auto start = Clock::now();
    const std::int64_t rows = piece.count();
    const auto in = static_cast<std::size_t>(rows * s.cols() * s.element_bytes);
    const auto winners = static_cast<std::size_t>(rows * s.k);
    const std::size_t value_bytes = winners * static_cast<std::size_t>(s.element_bytes);
    staged.resize(std::max(in, winners * 8));
    pack_rows(piece, x_places(s, piece), s.element_bytes, static_cast<const std::byte*>(whole.data), staged.data());
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
    unpack_rows(piece, out_places(s, piece), s.element_bytes, staged.data(), values);
    driver.download(staged.data(), indices_memory.reserve(0), winners * static_cast<std::size_t>(index_bytes));
    unpack_rows(piece, out_places(s, piece), index_bytes, staged.data(), indices);
    seconds += std::chrono::duration<double>(Clock::now() - start).count();
    progress.advance(static_cast<std::int64_t>(in));
  });
  return seconds;
}

}  // namespace topkit::cli
