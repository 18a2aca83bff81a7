#include "kernels.hpp"
#include "vec_neon.hpp"

namespace topkit::cpu {

const Kernels kNeonI16 = kernels_of<Neon::Vec<Kind::i16>>();

}  // namespace topkit::cpu
