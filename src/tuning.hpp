// Thresholds of the plan as data: rows with provenance, read by choose(), written by measurement, never by hand in code.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "device.hpp"

namespace topkit {

// One row of src/tuning/cpu_*.inc: where the algorithms of one instruction set change over.
struct CpuTuning {
  Isa isa;
  std::int64_t maxima_bytes, maxima_k;  // maxima: row bytes <= maxima_bytes, k <= maxima_k
  std::int64_t maxima_k_ratio;          // and k <= cols / maxima_k_ratio
  std::int64_t chunks_k;                // blocked by the maxima of chunks: k <= chunks_k,
  std::int64_t chunks_k_ratio;          // k <= cols / chunks_k_ratio,
  std::int64_t chunks_rows;             // rows <= chunks_rows: of many, earlier ones teach sampled a bound
  std::int64_t blocked_k_ratio;         // blocked: k <= cols / blocked_k_ratio
  std::int64_t sampled_cols;            // sampled instead of blocked from this many columns on
  std::int64_t sampled_k_ratio;         // sampled: k <= cols / sampled_k_ratio
  std::int64_t thread_bytes;            // one more thread for every so many bytes of work
  std::int64_t split_row_bytes;         // one row over several threads from this much work on
  // provenance
  std::string_view machine, date, commit;
};

// One row of src/tuning/cuda.inc: where the CUDA algorithms change over on devices of one capability and newer.
struct CudaTuning {
  int capability;                    // 10 * major + minor
  std::int64_t sort_k, sort_cols;    // sort: k > sort_k and cols <= sort_cols ...
  std::int64_t sort_k_ratio;         // ... or k >= cols / sort_k_ratio; 5/8 of it in rows of more than 4 KiB
  std::int64_t warp_cols, warp_k;    // warp: cols <= warp_cols and k <= warp_k
  std::int64_t resident_k;           // block and cluster: k <= resident_k ...
  std::int64_t resident_k_ratio;     // ... and k <= cols / resident_k_ratio
  std::int64_t cluster_block_bytes;  // cluster: rows longer than this; 0: none
  std::int64_t cluster_bytes;        // and all rows together no more than this
  std::int64_t radix_k_ratio;  // radix: k of hundreds; where rows are many, k >= cols / radix_k_ratio of 32 bits ...
  std::int64_t radix_cols;     // ... and no more columns than this unless k is above 1024
  std::int64_t stream_k, stream_k_ratio;
  std::int64_t grid_cols;  // grid: from this many columns on, when rows leave multiprocessors idle
  // provenance
  std::string_view machine, date, commit;
};

struct Tuning {
  std::span<const CpuTuning> cpu;
  std::span<const CudaTuning> cuda;  // ascending capability
};

const Tuning& built_in_tuning();

}  // namespace topkit
