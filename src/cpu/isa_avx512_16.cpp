#include "kernels.hpp"
#include "vec_avx512.hpp"

namespace topkit::cpu {

const Kernels kAvx512I16 = kernels_of<Avx512::Vec<Kind::i16>>();

}  // namespace topkit::cpu
