// The sampling kernels of one machine. Only isa_*_sample.cpp include this.
#pragma once

#include "sample_race.hpp"

namespace topkit::cpu {
namespace {

template <class O, class From>
constexpr RowKernels row_kernels() {
  using Passes = RowPasses<O, From>;
  return {.max = &Passes::max,
          .tally = &Passes::tally,
          .count_above = &Passes::count_above,
          .race = &race_row<O, From>,
          .bin = &Passes::bin,
          .collect = &Passes::collect,
          .write_logits = &Passes::write_logits,
          .write_probabilities = &Passes::write_probabilities,
          .widen = &Passes::widen};
}

template <class Machine>
constexpr SampleKernels sample_kernels_of() {
  using O = Lanes<Machine>;
  return {.f32 = row_kernels<O, FromF32<O>>(),
          .f16 = row_kernels<O, FromF16<O>>(),
          .bf16 = row_kernels<O, FromBf16<O>>(),
          .admit = &admit<O>,
          .weights = &weights<O>,
          .race = &race_list<O>};
}

}  // namespace
}  // namespace topkit::cpu
