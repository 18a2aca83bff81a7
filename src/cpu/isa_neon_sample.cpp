#include "lanes_neon.hpp"
#include "sample_kernels.hpp"

namespace topkit::cpu {

const SampleKernels kNeonSample = sample_kernels_of<NeonMachine>();

}  // namespace topkit::cpu
