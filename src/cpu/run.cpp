// From a plan to kernel calls: rows are cut into tasks, spans resolved, rows gathered where they are not contiguous, and
// what no kernel needs to know (empty rows, padding) is written here.
#include <algorithm>
#include <cstring>
#include <vector>

#include "columns.hpp"
#include "engine.hpp"
#include "job.hpp"
#include "parallel.hpp"
#include "parts.hpp"

namespace topkit::cpu {
namespace {

constexpr std::int64_t kRowsAtOnce = 64;  // descriptors built before a kernel is called
// What one thread owns: the kernel's scratch, then room for gathered rows.
struct Worker {
  AlignedBytes memory;
  Scratch scratch;
  std::byte* tile = nullptr;
};

class Engine {
 public:
  Engine(const Plan& plan, const Args& args) : args_(args), problem_(args.problem), size_(bytes(problem_.dtype)) {
    job_ = {.sortable = sortable(info(problem_.dtype), problem_.largest, problem_.nan),
            .kind = kind_of(problem_.dtype),
            .order = problem_.order,
            .wide_index = problem_.index_type == IndexType::i64,
            .value_stride = args.values_layout.col_stride,
            .index_stride = args.indices_layout.col_stride,
            .id_stride = args.ids_layout.col_stride,
            .max_cols = problem_.cols,
            .max_k = std::min(problem_.k, problem_.cols)};
    kernel_ = kernels(plan.isa, job_.kind)->by_algorithm[static_cast<int>(plan.algorithm)];
    gathers_ = problem_.layout.col_stride != 1 && problem_.cols > 1;
    if (!gathers_) return;
    const std::int64_t most = std::clamp<std::int64_t>(Parts::kTileBytes / (problem_.cols * size_), 1, kRowsAtOnce);
    tile_rows_ = tile_rows(tile(0, std::min(most, group_end(0))));
  }

  Worker make_worker() const {
    const std::size_t scratch = (kernel_.scratch_bytes(job_) + 63) / 64 * 64;
    const std::size_t tile = gathers_ ? static_cast<std::size_t>(tile_rows_ * problem_.cols * size_) : 0;
    Worker worker;
    worker.memory = allocate(scratch + tile + 64);
    worker.scratch.data = worker.memory.get();
    worker.scratch.bytes = scratch;
    worker.tile = worker.memory.get() + scratch;
    return worker;
  }

  void rows(std::int64_t first, std::int64_t last, Worker& worker) const {
    Row rows[kRowsAtOnce];
    for (std::int64_t r = first; r < last;) {
      std::int64_t end = std::min(last, r + (gathers_ ? tile_rows_ : kRowsAtOnce));
      if (gathers_) {
        end = std::min(end, group_end(r));
        gather(tile(r, end - r), worker.tile, problem_.cols * size_);
      }
      std::int64_t count = 0;
      for (std::int64_t i = r; i < end; ++i) {
        const Args::Span span = args_.span(i);
        if (span.count < problem_.k) pad(i, span.count);
        if (span.count == 0) continue;
        describe(rows[count], i, span);
        if (gathers_) rows[count].data = worker.tile + ((i - r) * problem_.cols + span.begin) * size_;
        ++count;
      }
      if (count != 0) kernel_.run(job_, rows, count, worker.scratch);
      r = end;
    }
  }

  Parts parts(const Plan& plan) const {
    return {plan, job_, size_, gathers_ ? problem_.layout.col_stride * size_ : size_};
  }

  // Every row in parts, one row after another.
  void rows_in_parts(Parts& parts, const Pool& pool) const {
    for (std::int64_t r = 0; r < problem_.rows; ++r) {
      const Args::Span span = args_.span(r);
      if (span.count < problem_.k) pad(r, span.count);
      if (span.count == 0) continue;
      Row row;
      describe(row, r, span);
      parts.run(row, pool);
    }
  }

  // Tasks end with a tile.
  std::int64_t rows_per_task(const Plan& plan) const {
    const std::int64_t rows = plan.rows_per_task > 0 ? plan.rows_per_task : problem_.rows;
    return (rows + tile_rows_ - 1) / tile_rows_ * tile_rows_;
  }

 private:
  // In place and field by field: a copy reads in wider pieces than were written, and waits for all of them.
  void describe(Row& row, std::int64_t r, const Args::Span& span) const {
    const std::int64_t index_size = job_.wide_index ? 8 : 4;
    row.data = static_cast<const std::byte*>(args_.x) +
               (problem_.layout.row(r) + span.begin * problem_.layout.col_stride) * size_;
    row.values =
        args_.values == nullptr ? nullptr : static_cast<std::byte*>(args_.values) + args_.values_layout.row(r) * size_;
    row.indices = args_.indices == nullptr
                      ? nullptr
                      : static_cast<std::byte*>(args_.indices) + args_.indices_layout.row(r) * index_size;
    row.ids = args_.ids == nullptr
                  ? nullptr
                  : static_cast<const std::byte*>(args_.ids) +
                        (args_.ids_layout.row(r) + span.begin * args_.ids_layout.col_stride) * index_size;
    row.column = span.begin;
    row.cols = static_cast<std::uint32_t>(span.end - span.begin);
    row.k = static_cast<std::uint32_t>(span.count);
    row.first = 0;
  }

  // The end of the rows that are equally far apart from row r on.
  std::int64_t group_end(std::int64_t r) const {
    const std::int64_t inner = problem_.layout.inner;
    return inner == 1 ? problem_.rows : std::min(problem_.rows, (r / inner + 1) * inner);
  }
  Tile tile(std::int64_t r, std::int64_t count) const {
    const Layout& layout = problem_.layout;
    return {.source = static_cast<const std::byte*>(args_.x) + layout.row(r) * size_,
            .row_step = (layout.inner == 1 ? layout.outer_stride : layout.inner_stride) * size_,
            .column_step = layout.col_stride * size_,
            .rows = count,
            .cols = problem_.cols,
            .element_bytes = size_};
  }

  // Places from `from` on are empty.
  void pad(std::int64_t r, std::int64_t from) const {
    for (std::int64_t j = from; j < problem_.k; ++j) {
      if (args_.values != nullptr)
        std::memcpy(static_cast<std::byte*>(args_.values) +
                        (args_.values_layout.row(r) + j * args_.values_layout.col_stride) * size_,
                    &args_.fill, static_cast<std::size_t>(size_));
      if (args_.indices == nullptr) continue;
      const std::int64_t place = args_.indices_layout.row(r) + j * args_.indices_layout.col_stride;
      if (job_.wide_index)
        static_cast<std::int64_t*>(args_.indices)[place] = -1;
      else
        static_cast<std::int32_t*>(args_.indices)[place] = -1;
    }
  }

  const Args& args_;
  const Problem& problem_;
  Job job_;
  Kernel kernel_;
  int size_;
  bool gathers_ = false;
  std::int64_t tile_rows_ = 1;
};

}  // namespace

void run(const Plan& plan, const Args& args, const Pool& pool) {
  if (args.problem.rows == 0 || args.problem.k == 0) return;
  const Engine engine(plan, args);
  if (Parts parts = engine.parts(plan); parts.any()) {
    engine.rows_in_parts(parts, pool);
    return;
  }
  const std::int64_t rows = args.problem.rows, per_task = engine.rows_per_task(plan);
  const std::int64_t tasks = (rows + per_task - 1) / per_task;
  const int count = worker_count(tasks, plan.threads);
  std::vector<Worker> workers;
  workers.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) workers.push_back(engine.make_worker());
  for_each_task(tasks, plan.threads, pool, [&](std::int64_t task, int worker) {
    engine.rows(task * per_task, std::min(rows, (task + 1) * per_task), workers[static_cast<std::size_t>(worker)]);
  });
}

}  // namespace topkit::cpu
