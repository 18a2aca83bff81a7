#if defined(__AVX2__)  // set by tests/CMakeLists.txt where the compiler can
#include "cpu/vec_avx2.hpp"

#include "vec_checks.hpp"

namespace topkit::cpu {
namespace {

TEST(VecAvx2, EveryOperationIsThatOfOneElementAtATime) {
  if (!cpu_device().has(Isa::avx2)) GTEST_SKIP() << "this machine has no AVX2";
  check_every_type<Avx2>();
}

}  // namespace
}  // namespace topkit::cpu
#endif
