#include "kernels.hpp"
#include "vec_avx512.hpp"

namespace topkit::cpu {

const Kernels kAvx512I64 = kernels_of<Avx512::Vec<Kind::i64>>();
const Kernels kAvx512F64 = kernels_of<Avx512::Vec<Kind::f64>>();

}  // namespace topkit::cpu
