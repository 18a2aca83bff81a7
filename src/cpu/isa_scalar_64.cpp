#include "kernels.hpp"
#include "vec_scalar.hpp"

namespace topkit::cpu {

const Kernels kScalarI64 = kernels_of<Scalar::Vec<Kind::i64>>();
const Kernels kScalarF64 = kernels_of<Scalar::Vec<Kind::f64>>();

}  // namespace topkit::cpu
