#include "cli/number_text.hpp"

#include <fmt/format.h>

#include <cmath>
#include <cstring>
#include <iterator>

#include "cli/small_float.hpp"

namespace topkit::cli {
namespace {

template <class T>
T load(const std::byte* element) {
  T value;
  std::memcpy(&value, element, sizeof value);
  return value;
}

template <class T>
void append_value(std::string& out, T value) {
  if constexpr (std::is_floating_point_v<T>) {
    if (!std::isfinite(value)) {
      out += std::isnan(value) ? "NaN" : value > 0 ? "Infinity" : "-Infinity";
      return;
    }
  }
  fmt::format_to(std::back_inserter(out), "{}", value);
}

}  // namespace

void append_number(std::string& out, DType dtype, const std::byte* element) {
  switch (dtype) {
    case DType::f32: return append_value(out, load<float>(element));
    case DType::f64: return append_value(out, load<double>(element));
    case DType::f16: return append_value(out, f16_to_float(load<std::uint16_t>(element)));
    case DType::bf16: return append_value(out, small_float(load<std::uint16_t>(element), 8, 7, true));
    case DType::f8e4m3: return append_value(out, small_float(load<std::uint8_t>(element), 4, 3, false));
    case DType::f8e5m2: return append_value(out, small_float(load<std::uint8_t>(element), 5, 2, true));
    case DType::i8: return append_value(out, static_cast<int>(load<std::int8_t>(element)));
    case DType::i16: return append_value(out, load<std::int16_t>(element));
    case DType::i32: return append_value(out, load<std::int32_t>(element));
    case DType::i64: return append_value(out, load<std::int64_t>(element));
    case DType::u8: return append_value(out, static_cast<unsigned>(load<std::uint8_t>(element)));
    case DType::u16: return append_value(out, load<std::uint16_t>(element));
    case DType::u32: return append_value(out, load<std::uint32_t>(element));
    case DType::u64: return append_value(out, load<std::uint64_t>(element));
  }
}

void append_json_number(std::string& out, DType dtype, const std::byte* element) {
  const std::size_t start = out.size();
  append_number(out, dtype, element);
  const char last = out.back();
  if (last == 'N' || last == 'y') {
    out.insert(start, 1, '"');
    out += '"';
  } else if (out.compare(start, std::string::npos, "-0") == 0) {
    out += ".0";  // as an integer it would be read without its sign
  }
}

}  // namespace topkit::cli
