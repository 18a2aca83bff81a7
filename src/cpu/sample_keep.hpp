// One row of a sampling call, and which of its tokens are kept.
#pragma once

#include <cstdint>

#include "../sampling/rules.hpp"
#include "../sampling/steps.hpp"
#include "sample_job.hpp"

namespace topkit::cpu {

// Where a nucleus that was not listed is looked for. Room for a whole row: one bin may hold it.
struct NucleusScratch {
  Bins* bins = nullptr;
  float* z = nullptr;
  std::int32_t* ids = nullptr;
  std::uint64_t* weights = nullptr;
};

// Elements behind kernels that show them as z, and the first tokens of their order.
struct SampleRow {
  sampling::Rules rules{};
  const SampleKernels* lists = nullptr;
  const RowKernels* kernels = nullptr;
  const void* x = nullptr;

  const float* z = nullptr;  // of the first `listed`
  const std::int32_t* ids = nullptr;
  std::uint64_t* weights = nullptr;  // room for `listed`
  std::uint32_t listed = 0;

  std::uint32_t cols = 0;
  float scale = 1;  // of weights
  float z_max = -__builtin_inff();
  TopPOf top_p_of = TopPOf::kept;
  bool top_p_inclusive = false;
  bool whole = false;  // no token beyond the list can be kept

  Weighing weighing(float c) const { return {.z_max = z_max, .c = c, .scale = scale}; }
  float y(float z_of_token, float c) const { return sampling::exponent<sampling::OneLane<>>(z_of_token, z_max, c); }
};

struct Kept {
  bool any = false;         // the row has a candidate
  bool listed = false;      // the kept are the first `count` of the list; else those of `prefix`
  std::uint32_t count = 0;  // listed, or where it was found on the way; 0: not counted
  std::uint64_t mass = 0;   // of the kept by rules.c_filter; 0: not added up
  Prefix prefix;            // of the whole row, listed or not
};

// Sets row.z_max and row.listed, from which it strips what is no candidate.
Kept keep(SampleRow& row, const NucleusScratch& scratch);

// The mass of the kept by rules.c, and their number.
Tally tally_of(const SampleRow& row, const Kept& kept);

}  // namespace topkit::cpu
