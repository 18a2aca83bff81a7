#include "kernels.hpp"
#include "vec_neon.hpp"

namespace topkit::cpu {

const Kernels kNeonI32 = kernels_of<Neon::Vec<Kind::i32>>();
const Kernels kNeonF32 = kernels_of<Neon::Vec<Kind::f32>>();

}  // namespace topkit::cpu
