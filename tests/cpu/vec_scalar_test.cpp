#include "cpu/vec_scalar.hpp"

#include "vec_checks.hpp"

namespace topkit::cpu {
namespace {

TEST(VecScalar, EveryOperationIsThatOfOneElementAtATime) { check_every_type<Scalar>(); }

}  // namespace
}  // namespace topkit::cpu
