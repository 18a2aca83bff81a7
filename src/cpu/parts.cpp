#include "parts.hpp"

#include <algorithm>

#include "columns.hpp"
#include "parallel.hpp"

namespace topkit::cpu {
namespace {

// A part must have many times k columns, or its own selection saves nothing.
constexpr std::int64_t kColumnsPerWinner = 4;

std::int64_t divide_up(std::int64_t a, std::int64_t b) { return (a + b - 1) / b; }

const Kernel& kernel_of(const Plan& plan, const Job& job, Algorithm algorithm) {
  return kernels(plan.isa, job.kind)->by_algorithm[static_cast<int>(algorithm)];
}

}  // namespace

Parts::Parts(const Plan& plan, const Job& job, int element_bytes, std::int64_t column_step)
    : job_(job),
      part_job_(job),
      last_job_(job),
      size_(element_bytes),
      column_step_(column_step),
      threads_(plan.threads),
      parts_(std::max(plan.row_parts, 1)) {
  const bool gathers = column_step_ != size_;
  if (gathers) parts_ = std::max(parts_, divide_up(job.max_cols * size_, kTileBytes));
  part_cols_ = divide_up(divide_up(job.max_cols, parts_), 64) * 64;
  mode_ = parts_ == 1                                                 ? Mode::whole
          : job.max_k * parts_ * kColumnsPerWinner <= job.max_cols    ? Mode::columns
          : !gathers && job.order == Order::value && plan.threads > 1 ? Mode::ranks
                                                                      : Mode::whole;
  if (mode_ == Mode::whole) return;
  if (mode_ == Mode::columns) {
    part_job_.order = Order::index;
    part_job_.value_stride = part_job_.index_stride = 1;
    part_job_.max_cols = part_cols_;
    last_job_.id_stride = 1;
    last_job_.max_cols = parts_ * job.max_k;
    part_kernel_ = kernel_of(plan, job, plan.algorithm);
    last_kernel_ = kernel_of(plan, job, Algorithm::split);
    values_ = allocate(static_cast<std::size_t>(last_job_.max_cols * size_));
    ids_ = allocate(static_cast<std::size_t>(last_job_.max_cols * (job.wide_index ? 8 : 4)));
  } else {
    part_job_.max_k = divide_up(job.max_k, parts_);
    part_kernel_ = last_kernel_ = kernel_of(plan, job, Algorithm::split);
    last_job_ = part_job_;
  }
  scratch_bytes_ =
      (std::max(part_kernel_.scratch_bytes(part_job_), last_kernel_.scratch_bytes(last_job_)) + 63) / 64 * 64;
  tile_bytes_ = gathers ? static_cast<std::size_t>(part_cols_ * size_) : 0;
  for (int i = 0; i < worker_count(parts_, threads_); ++i) workers_.push_back(allocate(scratch_bytes_ + tile_bytes_));
}

void Parts::run(const Row& row, const Pool& pool) {
  if (mode_ == Mode::columns)
    by_columns(row, pool);
  else
    by_ranks(row, pool);
}

void Parts::by_columns(const Row& row, const Pool& pool) {
  const std::int64_t index_size = job_.wide_index ? 8 : 4;
  const std::int64_t parts = divide_up(row.cols, part_cols_);
  const auto winners_before = [&](std::int64_t part) {  // every part but the last is full
    const std::int64_t full = std::min<std::int64_t>(row.k, part_cols_);
    return part < parts ? part * full
                        : (parts - 1) * full + std::min<std::int64_t>(row.k, row.cols - (parts - 1) * part_cols_);
  };
  for_each_task(parts, threads_, pool, [&](std::int64_t part, int worker) {
    std::byte* const memory = workers_[static_cast<std::size_t>(worker)].get();
    const std::int64_t begin = part * part_cols_, cols = std::min<std::int64_t>(part_cols_, row.cols - begin);
    Row piece = row;
    piece.data = static_cast<const std::byte*>(row.data) + begin * column_step_;
    if (tile_bytes_ != 0) {
      gather({static_cast<const std::byte*>(piece.data), 0, column_step_, 1, cols, size_}, memory + scratch_bytes_, 0);
      piece.data = memory + scratch_bytes_;
    }
    piece.values = values_.get() + winners_before(part) * size_;
    piece.indices = ids_.get() + winners_before(part) * index_size;
    if (row.ids != nullptr) piece.ids = static_cast<const std::byte*>(row.ids) + begin * job_.id_stride * index_size;
    piece.column = row.column + begin;
    piece.cols = static_cast<std::uint32_t>(cols);
    piece.k = static_cast<std::uint32_t>(winners_before(part + 1) - winners_before(part));
    Scratch scratch{memory, scratch_bytes_, {}};
    part_kernel_.run(part_job_, &piece, 1, scratch);
  });
  Row last = row;
  last.data = values_.get();
  last.ids = ids_.get();
  last.column = 0;
  last.cols = static_cast<std::uint32_t>(winners_before(parts));
  Scratch scratch{workers_[0].get(), scratch_bytes_, {}};
  last_kernel_.run(last_job_, &last, 1, scratch);
}

void Parts::by_ranks(const Row& row, const Pool& pool) {
  const std::int64_t index_size = job_.wide_index ? 8 : 4;
  const std::int64_t step = part_job_.max_k;
  for_each_task(divide_up(row.k, step), threads_, pool, [&](std::int64_t part, int worker) {
    Row piece = row;
    const std::int64_t first = part * step;
    piece.first = static_cast<std::uint32_t>(first);
    piece.k = static_cast<std::uint32_t>(std::min<std::int64_t>(first + step, row.k));
    if (row.values != nullptr) piece.values = static_cast<std::byte*>(row.values) + first * job_.value_stride * size_;
    if (row.indices != nullptr)
      piece.indices = static_cast<std::byte*>(row.indices) + first * job_.index_stride * index_size;
    Scratch scratch{workers_[static_cast<std::size_t>(worker)].get(), scratch_bytes_, {}};
    part_kernel_.run(part_job_, &piece, 1, scratch);
  });
}

}  // namespace topkit::cpu
