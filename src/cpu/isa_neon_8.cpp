#include "kernels.hpp"
#include "vec_neon.hpp"

namespace topkit::cpu {

const Kernels kNeonI8 = kernels_of<Neon::Vec<Kind::i8>>();

}  // namespace topkit::cpu
