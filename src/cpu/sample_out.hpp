// What is written of one row, by operation.
#pragma once

#include "../sampling/args.hpp"
#include "sample_keep.hpp"

namespace topkit::cpu {

// The soft-capped logits without bias and mask, where they are not the row itself.
struct RawRow {
  const void* x = nullptr;
  const RowKernels* kernels = nullptr;
};

void write_sample(const SampleArgs& args, std::int64_t r, SampleRow& row, const RawRow& raw,
                  const NucleusScratch& scratch);
void write_filter(const SampleArgs& args, std::int64_t r, SampleRow& row, const NucleusScratch& scratch);
void write_logprobs(const SampleArgs& args, std::int64_t r, SampleRow& row);

}  // namespace topkit::cpu
