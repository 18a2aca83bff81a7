#include "job.hpp"

namespace topkit::cpu {

Kind kind_of(DType dtype) {
  if (dtype == DType::f32) return Kind::f32;
  if (dtype == DType::f64) return Kind::f64;
  switch (bytes(dtype)) {
    case 1: return Kind::i8;
    case 2: return Kind::i16;
    case 4: return Kind::i32;
    default: return Kind::i64;
  }
}

Sortable sortable(const DTypeInfo& type, bool largest, Nan nan) {
  const std::uint64_t half = std::uint64_t{1} << (type.bits - 1);
  const std::uint64_t all = largest ? 0 : ~std::uint64_t{0};
  // Two's complement, so the low `bits` bits are right for every width.
  if (type.kind != NumberKind::floating)
    return {.negative = 0,
            .all = type.kind == NumberKind::unsigned_integer ? all ^ half : all,
            .add = 0,
            .top_nan = half - 1,
            .low_nan = half,
            .low_zero = 0,
            .high_zero = 0,
            .flip = 0};
  const std::uint64_t nans = half - 1 - type.largest_magnitude;  // of one sign
  const bool top = largest && nan == Nan::largest;
  const std::uint64_t add = top ? 0 - nans : nans;
  // With NaN on top the worst number is the lowest integer; else the best number is the highest one.
  return {.negative = half - 1,
          .all = all,
          .add = add,
          .top_nan = top ? half - 2 * nans : half - 1,
          .low_nan = top ? half : half + 2 * nans - 1,
          .low_zero = add - 1,
          .high_zero = add,
          .flip = largest ? 0 : half};
}

const Kernels* kernels(Isa isa, Kind kind) {
#if defined(__x86_64__)
  static const Kernels* const table[kIsas][6] = {
      {&kAvx512I8, &kAvx512I16, &kAvx512I32, &kAvx512I64, &kAvx512F32, &kAvx512F64},
      {&kAvx2I8, &kAvx2I16, &kAvx2I32, &kAvx2I64, &kAvx2F32, &kAvx2F64},
      {},
      {&kScalarI8, &kScalarI16, &kScalarI32, &kScalarI64, &kScalarF32, &kScalarF64}};
#elif defined(__aarch64__)
  static const Kernels* const table[kIsas][6] = {
      {},
      {},
      {&kNeonI8, &kNeonI16, &kNeonI32, &kNeonI64, &kNeonF32, &kNeonF64},
      {&kScalarI8, &kScalarI16, &kScalarI32, &kScalarI64, &kScalarF32, &kScalarF64}};
#else
  static const Kernels* const table[kIsas][6] = {
      {}, {}, {}, {&kScalarI8, &kScalarI16, &kScalarI32, &kScalarI64, &kScalarF32, &kScalarF64}};
#endif
  return table[static_cast<int>(isa)][static_cast<int>(kind)];
}

}  // namespace topkit::cpu
