#include "kernels.hpp"
#include "vec_avx512.hpp"

namespace topkit::cpu {

const Kernels kAvx512I8 = kernels_of<Avx512::Vec<Kind::i8>>();

}  // namespace topkit::cpu
