#include "cli/input_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/error.hpp"

namespace topkit::cli {

void InputOptions::add_to(CLI::App& command) {
  command.add_option("--tensor", tensor, "Which tensor of a .safetensors file")->type_name("NAME");
  command.add_option("--dtype", dtype, "Element type of raw bytes (f32 f16 bf16 f64 f8e4m3 f8e5m2 i8..i64 u8..u64)")
      ->type_name("TYPE");
  command.add_option("--shape", shape, "Shape of raw bytes, row-major, such as 32x50304")->type_name("SHAPE");
}

DType parse_dtype(std::string_view text, std::string_view argument) {
  if (const std::optional<DType> dtype = dtype_from(text)) return *dtype;
  std::string names;
  for (int i = 0; i < kDTypes; ++i) names += formatted("{}{}", i == 0 ? "" : " ", name(static_cast<DType>(i)));
  invalid("{} = {}: must be one of {}", argument, quote(text), names);
}

OpenOptions InputOptions::parse() const {
  OpenOptions options;
  options.tensor = tensor;
  if (!dtype.empty()) options.dtype = parse_dtype(dtype, "--dtype");
  if (!shape.empty()) options.shape = parse_shape(shape, "--shape");
  return options;
}

}  // namespace topkit::cli
