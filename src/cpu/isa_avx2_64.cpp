#include "kernels.hpp"
#include "vec_avx2.hpp"

namespace topkit::cpu {

const Kernels kAvx2I64 = kernels_of<Avx2::Vec<Kind::i64>>();
const Kernels kAvx2F64 = kernels_of<Avx2::Vec<Kind::f64>>();

}  // namespace topkit::cpu
