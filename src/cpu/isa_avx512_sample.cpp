#include "lanes_avx512.hpp"
#include "sample_kernels.hpp"

namespace topkit::cpu {

const SampleKernels kAvx512Sample = sample_kernels_of<Avx512Machine>();

}  // namespace topkit::cpu
