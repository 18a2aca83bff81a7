#if defined(__aarch64__)
#include "cpu/vec_neon.hpp"

#include "vec_checks.hpp"

namespace topkit::cpu {
namespace {

TEST(VecNeon, EveryOperationIsThatOfOneElementAtATime) { check_every_type<Neon>(); }

}  // namespace
}  // namespace topkit::cpu
#endif
