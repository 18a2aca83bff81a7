// The element types of the contract and what the engines must know of each.
#pragma once

#include <dlpack/dlpack.h>

#include <cstdint>
#include <optional>
#include <string_view>

namespace topkit {

enum class DType : std::uint8_t { f32, f16, bf16, f64, f8e4m3, f8e5m2, i8, i16, i32, i64, u8, u16, u32, u64 };
inline constexpr int kDTypes = 14;

enum class NumberKind : std::uint8_t { floating, signed_integer, unsigned_integer };

struct DTypeInfo {
  DType dtype;
  std::string_view name;  // as the command line, JSON and messages write it
  int bits;
  NumberKind kind;
  std::uint64_t largest_magnitude;  // floating: bits of the largest magnitude that is not NaN (+inf where it exists)
  std::uint64_t worst_of_largest;   // bits of the value that every other beats when the largest are wanted
  std::uint64_t worst_of_smallest;
  DLDataType dl;
};

const DTypeInfo& info(DType dtype);
std::optional<DType> dtype_from(DLDataType dl);
std::optional<DType> dtype_from(std::string_view name);

inline std::string_view name(DType dtype) { return info(dtype).name; }
inline int bytes(DType dtype) { return info(dtype).bits / 8; }

}  // namespace topkit
