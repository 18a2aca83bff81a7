#include "kernels.hpp"
#include "vec_neon.hpp"

namespace topkit::cpu {

const Kernels kNeonI64 = kernels_of<Neon::Vec<Kind::i64>>();
const Kernels kNeonF64 = kernels_of<Neon::Vec<Kind::f64>>();

}  // namespace topkit::cpu
