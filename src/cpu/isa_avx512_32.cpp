#include "kernels.hpp"
#include "vec_avx512.hpp"

namespace topkit::cpu {

const Kernels kAvx512I32 = kernels_of<Avx512::Vec<Kind::i32>>();
const Kernels kAvx512F32 = kernels_of<Avx512::Vec<Kind::f32>>();

}  // namespace topkit::cpu
