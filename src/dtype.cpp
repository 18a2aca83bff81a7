#include "dtype.hpp"

#include <array>

#include "topkit/topkit.h"

namespace topkit {
namespace {

constexpr DLDataType dl(int code, int bits) {
  return {static_cast<std::uint8_t>(code), static_cast<std::uint8_t>(bits), 1};
}

constexpr auto kFloating = NumberKind::floating;
constexpr auto kSigned = NumberKind::signed_integer;
constexpr auto kUnsigned = NumberKind::unsigned_integer;

constexpr std::array<DTypeInfo, kDTypes> kTypes{{
    {DType::f32, "f32", 32, kFloating, 0x7f800000, 0xff800000, 0x7f800000, dl(kDLFloat, 32)},
    {DType::f16, "f16", 16, kFloating, 0x7c00, 0xfc00, 0x7c00, dl(kDLFloat, 16)},
    {DType::bf16, "bf16", 16, kFloating, 0x7f80, 0xff80, 0x7f80, dl(kDLBfloat, 16)},
    {DType::f64, "f64", 64, kFloating, 0x7ff0000000000000, 0xfff0000000000000, 0x7ff0000000000000, dl(kDLFloat, 64)},
    // e4m3fn has no infinity: 448 (0x7e) is its largest number and 0x7f its NaN.
    {DType::f8e4m3, "f8e4m3", 8, kFloating, 0x7e, 0xfe, 0x7e, dl(TK_DL_FLOAT8_E4M3FN, 8)},
    {DType::f8e5m2, "f8e5m2", 8, kFloating, 0x7c, 0xfc, 0x7c, dl(TK_DL_FLOAT8_E5M2, 8)},
    {DType::i8, "i8", 8, kSigned, 0, 0x80, 0x7f, dl(kDLInt, 8)},
    {DType::i16, "i16", 16, kSigned, 0, 0x8000, 0x7fff, dl(kDLInt, 16)},
    {DType::i32, "i32", 32, kSigned, 0, 0x80000000, 0x7fffffff, dl(kDLInt, 32)},
    {DType::i64, "i64", 64, kSigned, 0, 0x8000000000000000, 0x7fffffffffffffff, dl(kDLInt, 64)},
    {DType::u8, "u8", 8, kUnsigned, 0, 0, 0xff, dl(kDLUInt, 8)},
    {DType::u16, "u16", 16, kUnsigned, 0, 0, 0xffff, dl(kDLUInt, 16)},
    {DType::u32, "u32", 32, kUnsigned, 0, 0, 0xffffffff, dl(kDLUInt, 32)},
    {DType::u64, "u64", 64, kUnsigned, 0, 0, 0xffffffffffffffff, dl(kDLUInt, 64)},
}};

}  // namespace

const DTypeInfo& info(DType dtype) { return kTypes[static_cast<std::size_t>(dtype)]; }

std::optional<DType> dtype_from(DLDataType dl) {
  for (const DTypeInfo& type : kTypes)
    if (type.dl.code == dl.code && type.dl.bits == dl.bits && dl.lanes == 1) return type.dtype;
  return std::nullopt;
}

std::optional<DType> dtype_from(std::string_view name) {
  for (const DTypeInfo& type : kTypes)
    if (type.name == name) return type.dtype;
  return std::nullopt;
}

}  // namespace topkit
