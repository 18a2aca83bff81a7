// What is asked: one selection over rows, independent of where the data lies and of who will do it.
#pragma once

#include <cstdint>
#include <string>

#include "dtype.hpp"

namespace topkit {

enum class DeviceKind : std::uint8_t { cpu, cuda };
enum class Order : std::uint8_t { value, index, any };
enum class Nan : std::uint8_t { largest, last };
enum class IndexType : std::uint8_t { i32, i64 };

// Where the rows of a tensor lie, in elements. Row r starts at (r / inner) * outer_stride + (r % inner) * inner_stride and
// its columns are col_stride apart. inner is 1 unless the selected axis has axes behind it that do not collapse.
struct Layout {
  std::int64_t inner = 1;
  std::int64_t outer_stride = 0;
  std::int64_t inner_stride = 0;
  std::int64_t col_stride = 1;

  constexpr std::int64_t row(std::int64_t r) const {
    return inner == 1 ? r * outer_stride : (r / inner) * outer_stride + (r % inner) * inner_stride;
  }
  friend bool operator==(const Layout&, const Layout&) = default;
};

// Trivially copyable; compares; prints as "32x50304 f32 k=50 largest order=value".
struct Problem {
  DeviceKind device = DeviceKind::cpu;
  DType dtype = DType::f32;
  IndexType index_type = IndexType::i64;
  Order order = Order::value;
  Nan nan = Nan::largest;
  bool largest = true;
  bool wants_values = true;
  bool wants_indices = true;
  bool has_ids = false;
  bool has_lengths = false;  // lengths or starts
  bool has_row_k = false;
  std::int64_t rows = 0;
  std::int64_t cols = 0;  // 0 .. 2^31 - 1
  std::int64_t k = 0;     // 0 .. cols, or above it when has_lengths
  Layout layout;          // of x

  friend bool operator==(const Problem&, const Problem&) = default;
};

std::string to_string(const Problem& problem);
std::string_view name(Order order);
std::string_view name(Nan nan);
std::string_view name(DeviceKind device);

}  // namespace topkit
