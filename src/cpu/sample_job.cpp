#include "sample_job.hpp"

namespace topkit::cpu {

const SampleKernels& sample_kernels(Isa isa) {
#if defined(__x86_64__)
  if (isa == Isa::avx512) return kAvx512Sample;
  if (isa == Isa::avx2) return kAvx2Sample;
#elif defined(__aarch64__)
  if (isa == Isa::neon) return kNeonSample;
#endif
  return kScalarSample;
}

}  // namespace topkit::cpu
