#include "kernels.hpp"
#include "vec_scalar.hpp"

namespace topkit::cpu {

const Kernels kScalarI16 = kernels_of<Scalar::Vec<Kind::i16>>();

}  // namespace topkit::cpu
