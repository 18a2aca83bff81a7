#if defined(__AVX512VBMI2__)  // set by tests/CMakeLists.txt where the compiler can
#include "cpu/vec_avx512.hpp"

#include "vec_checks.hpp"

namespace topkit::cpu {
namespace {

TEST(VecAvx512, EveryOperationIsThatOfOneElementAtATime) {
  if (!cpu_device().has(Isa::avx512)) GTEST_SKIP() << "this machine has no AVX-512 with VBMI2";
  check_every_type<Avx512>();
}

}  // namespace
}  // namespace topkit::cpu
#endif
