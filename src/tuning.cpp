#include "tuning.hpp"

#include <array>

namespace topkit {
namespace {

constexpr std::array<CpuTuning, kIsas> kCpu{{
#include "tuning/cpu_avx2.inc"
#include "tuning/cpu_avx512.inc"
#include "tuning/cpu_neon.inc"
#include "tuning/cpu_scalar.inc"
}};

constexpr CudaTuning kCuda[] = {
#include "tuning/cuda.inc"
};

constexpr Tuning kBuiltIn{.cpu = kCpu, .cuda = kCuda};

}  // namespace

const Tuning& built_in_tuning() { return kBuiltIn; }

}  // namespace topkit
