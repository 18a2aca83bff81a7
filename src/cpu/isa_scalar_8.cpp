#include "kernels.hpp"
#include "vec_scalar.hpp"

namespace topkit::cpu {

const Kernels kScalarI8 = kernels_of<Scalar::Vec<Kind::i8>>();

}  // namespace topkit::cpu
