#include "kernels.hpp"
#include "vec_avx2.hpp"

namespace topkit::cpu {

const Kernels kAvx2I32 = kernels_of<Avx2::Vec<Kind::i32>>();
const Kernels kAvx2F32 = kernels_of<Avx2::Vec<Kind::f32>>();

}  // namespace topkit::cpu
