// One row by several threads, or in pieces that fit the scratch.
//
// Few winners: every part of the columns selects its own k best, in the order of their columns, and a last selection over
// these finds the row's. Many winners: every part takes a range of ranks, so that threads share the sorting too.
#pragma once

#include <vector>

#include "engine.hpp"
#include "job.hpp"
#include "scratch.hpp"

namespace topkit::cpu {

class Parts {
 public:
  // `column_step` bytes lie between the columns of a row. All scratch is had here.
  Parts(const Plan& plan, const Job& job, int element_bytes, std::int64_t column_step);

  // False: no use, a row is better done whole.
  bool any() const { return mode_ != Mode::whole; }

  // row.data: its first column, the others column_step apart.
  void run(const Row& row, const Pool& pool);

  static constexpr std::int64_t kTileBytes = 32 * 1024 * 1024;  // of gathered columns that one thread holds

 private:
  enum class Mode { whole, columns, ranks };

  Mode choose(const Plan& plan) const;
  void by_columns(const Row& row, const Pool& pool);
  void by_ranks(const Row& row, const Pool& pool);

  Job job_, part_job_, last_job_;
  int size_;
  std::int64_t column_step_;
  Mode mode_;
  int threads_;
  std::int64_t parts_, part_cols_;
  Kernel part_kernel_, last_kernel_;
  std::size_t scratch_bytes_, tile_bytes_;
  std::vector<AlignedBytes> workers_;
  AlignedBytes values_, ids_;  // the parts' winners
};

}  // namespace topkit::cpu
