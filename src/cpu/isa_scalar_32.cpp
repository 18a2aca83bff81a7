#include "kernels.hpp"
#include "vec_scalar.hpp"

namespace topkit::cpu {

const Kernels kScalarI32 = kernels_of<Scalar::Vec<Kind::i32>>();
const Kernels kScalarF32 = kernels_of<Scalar::Vec<Kind::f32>>();

}  // namespace topkit::cpu
