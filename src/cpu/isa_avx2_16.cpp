#include "kernels.hpp"
#include "vec_avx2.hpp"

namespace topkit::cpu {

const Kernels kAvx2I16 = kernels_of<Avx2::Vec<Kind::i16>>();

}  // namespace topkit::cpu
