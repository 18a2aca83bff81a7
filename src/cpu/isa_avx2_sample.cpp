#include "lanes_avx2.hpp"
#include "sample_kernels.hpp"

namespace topkit::cpu {

const SampleKernels kAvx2Sample = sample_kernels_of<Avx2Machine>();

}  // namespace topkit::cpu
