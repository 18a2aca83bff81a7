// The seam between the CPU's sampling engine and its vector kernels: plain data, no code, for the reason job.hpp gives.
//
// A row is `cols` neighbouring elements of one type. Kernels see z of sampling/args.hpp: an element as f32, NaN as -inf,
// +inf as the largest number. Floats are those of sampling/math.hpp in every instruction set.
#pragma once

#include <cstddef>
#include <cstdint>

#include "../device.hpp"
#include "../dtype.hpp"

namespace topkit::cpu {

// From z to weight: y = (z - z_max) * c, 2^y * scale in units of 2^-40.
struct Weighing {
  float z_max = 0, c = 0, scale = 1;
};

// A prefix of the order: what comes no later than (z, id), and whose y by `weighing` is at least least_y. Of no token less
// than -inf; the default keeps all candidates.
struct Prefix {
  float z = -__builtin_inff();
  std::int32_t id = -1;
  Weighing weighing;
  float least_y = -__builtin_inff();
};

struct Tally {
  std::uint64_t mass = 0;
  std::uint32_t count = 0;
};

struct Race {
  float z_max, c;
  std::uint64_t seed, position;
  std::uint32_t draw;
};

struct Winner {
  float score = -__builtin_inff(), z = 0;
  std::int32_t id = -1;  // -1: nothing ran
};

// Bins of equal steps of y, the best first: of a nucleus too large to be listed.
inline constexpr std::uint32_t kBins = 2048;
struct Bins {
  Tally bin[kBins];
};

struct RowKernels {
  float (*max)(const void* x, std::uint32_t cols) = nullptr;  // -inf: no candidate
  Tally (*tally)(const void* x, std::uint32_t cols, const Weighing& weighing, const Prefix& prefix) = nullptr;
  std::uint32_t (*count_above)(const void* x, std::uint32_t cols, float z) = nullptr;
  Winner (*race)(const void* x, std::uint32_t cols, const Race& race, const Prefix& prefix) = nullptr;
  void (*bin)(const void* x, std::uint32_t cols, const Prefix& prefix, Bins& bins) = nullptr;  // adds to bins
  // The tokens of one bin, ascending; returns how many.
  std::uint32_t (*collect)(const void* x, std::uint32_t cols, const Prefix& prefix, std::uint32_t bin, float* z,
                           std::int32_t* ids) = nullptr;
  // z * factor of the prefix, -inf elsewhere; 2^(y - log2_mass) of the prefix, 0 elsewhere.
  void (*write_logits)(const void* x, std::uint32_t cols, const Prefix& prefix, float factor, float* out) = nullptr;
  void (*write_probabilities)(const void* x, std::uint32_t cols, const Prefix& prefix, const Weighing& weighing,
                              float log2_mass, float* out) = nullptr;
  // As f32, soft-capped when cap > 0, and otherwise untouched.
  void (*widen)(const void* x, std::uint32_t cols, float cap, float inv_cap, float* out) = nullptr;
};

struct SampleKernels {
  RowKernels f32, f16, bf16;
  // In place, f32 to z: also -inf where bit i % 32 of mask[i / 32] is 0; mask may be null.
  void (*admit)(float* z, std::uint32_t cols, const std::uint32_t* mask) = nullptr;
  // Of a list of z.
  void (*weights)(const float* z, std::uint32_t count, const Weighing& weighing, std::uint64_t* out) = nullptr;
  Winner (*race)(const float* z, const std::int32_t* ids, std::uint32_t count, const Race& race) = nullptr;

  const RowKernels& of(DType dtype) const { return dtype == DType::f32 ? f32 : dtype == DType::f16 ? f16 : bf16; }
};

// One per isa_<isa>_sample.cpp.
extern const SampleKernels kAvx512Sample, kAvx2Sample, kNeonSample, kScalarSample;

// Those of an instruction set that this library was built with.
const SampleKernels& sample_kernels(Isa isa);

}  // namespace topkit::cpu
