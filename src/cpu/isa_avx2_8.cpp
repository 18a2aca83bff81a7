#include "kernels.hpp"
#include "vec_avx2.hpp"

namespace topkit::cpu {

const Kernels kAvx2I8 = kernels_of<Avx2::Vec<Kind::i8>>();

}  // namespace topkit::cpu
