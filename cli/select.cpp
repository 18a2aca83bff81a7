#include "cli/select.hpp"

#include <array>
#include <chrono>
#include <vector>

#include "cli/cuda_select.hpp"
#include "cli/error.hpp"
#include "cli/move_rows.hpp"

namespace topkit::cli {
namespace {

// Small enough that progress moves, large enough that threads and kernels reach their speed.
constexpr std::int64_t kCpuPieceBytes = std::int64_t{64} << 20;

std::size_t outputs(const Selection& s) {
  std::int64_t count = s.k;
  if (__builtin_mul_overflow(count, s.rows(), &count) || count > (std::int64_t{1} << 59))
    invalid("-k = {}: {} rows of it are too many", s.k, s.rows());
  return static_cast<std::size_t>(count);
}

// The tensors of one piece over three axes, the last one selected along; they borrow from here.
struct PieceTensors {
  std::array<std::int64_t, 3> x_shape, x_strides, out_shape, out_strides;
  DLTensor x{}, values{}, indices{};

  PieceTensors(const Task& task, const Piece& piece, std::byte* values_data, std::byte* indices_data)
      : x_shape{piece.rows[0], piece.rows[1], task.selection.cols()},
        x_strides{piece.x_strides[0], piece.x_strides[1], task.selection.col_stride()},
        out_shape{piece.rows[0], piece.rows[1], task.selection.k},
        out_strides{piece.out_strides[0], piece.out_strides[1], task.selection.out_col_stride()} {
    const std::int64_t index_bytes = task.index_type == IndexType::i32 ? 4 : 8;
    x = task.x->dl();
    x.ndim = 3;
    x.shape = x_shape.data();
    x.strides = x_strides.data();
    x.byte_offset = static_cast<std::uint64_t>(piece.x_offset * task.selection.element_bytes);
    values = {values_data, {kDLCPU, 0}, 3, x.dtype, out_shape.data(), out_strides.data(), 0};
    values.byte_offset = static_cast<std::uint64_t>(piece.out_offset * task.selection.element_bytes);
    indices = {indices_data,     {kDLCPU, 0},        3, {kDLInt, static_cast<std::uint8_t>(8 * index_bytes), 1},
               out_shape.data(), out_strides.data(), 0};
    indices.byte_offset = static_cast<std::uint64_t>(piece.out_offset * index_bytes);
  }
  PieceTensors(const PieceTensors&) = delete;
  PieceTensors& operator=(const PieceTensors&) = delete;
};

}  // namespace

std::size_t Task::values_bytes() const {
  return outputs(selection) * static_cast<std::size_t>(selection.element_bytes);
}

std::size_t Task::indices_bytes() const { return outputs(selection) * (index_type == IndexType::i32 ? 4 : 8); }

void expect_ok(tk_status status, const std::string& what) {
  if (status != TK_OK) throw Failure(status, what + ": " + tk_last_error());
}

std::string check(const Task& task) {
  const Selection& s = task.selection;
  tk_options options = task.options;
  options.axis = -1;
  std::array<char, 4096> text{};
  const auto explain = [&](const DLTensor& x) {
    expect_ok(tk_explain(&x, s.k, &options, text.data(), text.size(), nullptr), task.x->name());
  };
  std::array<std::int64_t, 2> packed{s.rows(), s.cols()};
  DLTensor x = task.x->dl();
  x.ndim = 2;
  x.shape = packed.data();
  x.strides = nullptr;
  if (task.device == DeviceKind::cuda) x.device = {kDLCUDA, 0};  // pieces are packed on their way there
  explain(x);
  bool explained = task.device == DeviceKind::cuda;
  for_each_piece(s, kCpuPieceBytes, [&](const Piece& piece) {  // only now is k known to be within the row
    if (!explained) explain(PieceTensors(task, piece, nullptr, nullptr).x);
    explained = true;
  });
  return text.data();
}

double select(const Task& task, std::byte* values, std::byte* indices, Progress& progress) {
  using Clock = std::chrono::steady_clock;
  if (task.device == DeviceKind::cuda) return cuda_select(task, values, indices, progress);
  const Selection& s = task.selection;
  tk_options options = task.options;
  options.axis = -1;
  std::vector<std::byte> packed;
  double seconds = 0;
  for_each_piece(s, kCpuPieceBytes, [&](const Piece& piece) {
    PieceTensors tensors(task, piece, values, indices);
    if (!task.x->aligned()) {
      packed.resize(static_cast<std::size_t>(piece.count() * s.cols() * s.element_bytes));
      pack_rows(piece, x_places(s, piece), s.element_bytes, static_cast<const std::byte*>(tensors.x.data),
                packed.data());
      tensors.x.data = packed.data();
      tensors.x.strides = nullptr;
      tensors.x.byte_offset = 0;
    }
    const auto start = Clock::now();
    expect_ok(tk_topk(&tensors.x, s.k, &options, &tensors.values, &tensors.indices, nullptr, nullptr), task.x->name());
    seconds += std::chrono::duration<double>(Clock::now() - start).count();
    progress.advance(piece.count() * s.cols() * s.element_bytes);
  });
  return seconds;
}

}  // namespace topkit::cli
