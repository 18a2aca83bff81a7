#include "cli/select.hpp"

#include <array>
#include <chrono>

#include "cli/cuda_select.hpp"
#include "cli/error.hpp"

namespace topkit::cli {
namespace {

// Small enough that progress moves, large enough that threads and kernels reach their speed.
constexpr std::int64_t kPieceBytes = std::int64_t{64} << 20;

std::size_t outputs(const Selection& s) {
  std::int64_t count = s.k;
  if (__builtin_mul_overflow(count, s.rows(), &count) || count > (std::int64_t{1} << 59))
    invalid("-k = {}: {} rows of it are too many", s.k, s.rows());
  return static_cast<std::size_t>(count);
}

}  // namespace

std::size_t Task::values_bytes() const {
  return outputs(selection) * static_cast<std::size_t>(selection.element_bytes);
}

std::size_t Task::indices_bytes() const { return outputs(selection) * (index_type == IndexType::i32 ? 4 : 8); }

void expect_ok(tk_status status, const std::string& what) {
  if (status != TK_OK) throw Failure(status, what + ": " + tk_last_error());
}

std::string check(const Task& task) {
  DLTensor x = task.x->dl();
  tk_options options = task.options;
  options.axis = static_cast<std::int32_t>(task.selection.axis);
  Selection whole = task.selection;
  std::array<std::int64_t, 2> flat{whole.rows(), whole.cols()};
  x.ndim = 2;  // as pieces see it: any number of row axes is fine
  x.shape = flat.data();
  x.strides = nullptr;
  options.axis = 1;
  if (task.device == DeviceKind::cuda) x.device = {kDLCUDA, 0};
  std::array<char, 4096> text{};
  expect_ok(tk_explain(&x, whole.k, &options, text.data(), text.size(), nullptr), task.x->name());
  return text.data();
}

double select(const Task& task, std::byte* values, std::byte* indices, Progress& progress) {
  using Clock = std::chrono::steady_clock;
  if (task.device == DeviceKind::cuda) return cuda_select(task, values, indices, progress);
  const Selection& s = task.selection;
  const DLTensor whole = task.x->dl();
  tk_options options = task.options;
  options.axis = -1;
  const DLDataType index_type{kDLInt, static_cast<std::uint8_t>(task.index_type == IndexType::i32 ? 32 : 64), 1};
  double seconds = 0;
  for_each_piece(s, kPieceBytes, [&](const Piece& piece) {
    std::array<std::int64_t, 3> x_shape{piece.rows[0], piece.rows[1], s.cols()};
    std::array<std::int64_t, 3> x_strides{piece.x_strides[0], piece.x_strides[1], s.col_stride()};
    std::array<std::int64_t, 3> out_shape{piece.rows[0], piece.rows[1], s.k};
    std::array<std::int64_t, 3> out_strides{piece.out_strides[0], piece.out_strides[1], s.out_col_stride()};
    DLTensor x = whole;
    x.ndim = 3;
    x.shape = x_shape.data();
    x.strides = x_strides.data();
    x.byte_offset = static_cast<std::uint64_t>(piece.x_offset * s.element_bytes);
    DLTensor v{values, {kDLCPU, 0}, 3, x.dtype, out_shape.data(), out_strides.data(), 0};
    v.byte_offset = static_cast<std::uint64_t>(piece.out_offset * s.element_bytes);
    DLTensor i{indices, {kDLCPU, 0}, 3, index_type, out_shape.data(), out_strides.data(), 0};
    i.byte_offset = static_cast<std::uint64_t>(piece.out_offset * (index_type.bits / 8));
    const auto start = Clock::now();
    expect_ok(tk_topk(&x, s.k, &options, &v, &i, nullptr, nullptr), task.x->name());
    seconds += std::chrono::duration<double>(Clock::now() - start).count();
    progress.advance(piece.count() * s.cols() * s.element_bytes);
  });
  return seconds;
}

}  // namespace topkit::cli
