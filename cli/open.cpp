#include "cli/open.hpp"

#include <cstring>
#include <memory>
#include <string_view>
#include <utility>

#include "cli/error.hpp"
#include "cli/npy.hpp"
#include "cli/raw.hpp"
#include "cli/safetensors.hpp"

namespace topkit::cli {
namespace {

enum class Format { npy, safetensors, raw };

bool starts_with(std::span<const std::byte> bytes, std::string_view magic) {
  return bytes.size() >= magic.size() && std::memcmp(bytes.data(), magic.data(), magic.size()) == 0;
}

Format format_of(std::span<const std::byte> bytes, const std::string& path, const std::string& file,
                 const OpenOptions& options) {
  if (options.shape) {
    if (!options.dtype) invalid("--shape = {}: raw bytes need --dtype as well", shape_text(*options.shape));
    return Format::raw;
  }
  if (bytes.empty()) invalid("file {}: is empty", file);
  if (starts_with(bytes, kNpyMagic) || path.ends_with(".npy")) return Format::npy;
  if (path.ends_with(".safetensors") || (bytes.size() > 8 && bytes[8] == std::byte{'{'})) return Format::safetensors;
  if (starts_with(bytes, "PK\x03\x04"))
    invalid("file {}: is a zip archive (.npz, .pt); save the array as .npy or .safetensors", file);
  invalid("file {}: is neither .npy nor .safetensors; raw bytes need --dtype and --shape", file);
}

}  // namespace

Tensor open_tensor(const std::string& path, const OpenOptions& options) {
  const std::string file = path == "-" ? "standard input" : quote(path);
  auto mapping = std::make_shared<MappedFile>(path);
  const std::span<const std::byte> bytes = mapping->bytes();
  const Format format = format_of(bytes, path, file, options);
  if (!options.tensor.empty() && format != Format::safetensors)
    invalid("--tensor = {}: file {} is not .safetensors, it holds one tensor", quote(options.tensor), file);
  if (options.dtype && format == Format::safetensors)
    invalid("--dtype = {}: file {} is .safetensors, which names its own types", name(*options.dtype), file);
  std::string label = path;
  TensorView view;
  switch (format) {
    case Format::npy: view = read_npy(bytes, file, options.dtype); break;
    case Format::safetensors:
      view = read_safetensors(bytes, file, options.tensor);
      if (!options.tensor.empty()) label += ":" + options.tensor;
      break;
    case Format::raw: view = read_raw(bytes, file, *options.dtype, *options.shape); break;
  }
  return Tensor(std::move(label), std::move(mapping), std::move(view));
}

}  // namespace topkit::cli
