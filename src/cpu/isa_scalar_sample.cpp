#include "lanes_scalar.hpp"
#include "sample_kernels.hpp"

namespace topkit::cpu {

const SampleKernels kScalarSample = sample_kernels_of<ScalarMachine>();

}  // namespace topkit::cpu
