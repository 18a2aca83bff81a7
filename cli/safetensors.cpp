#include "cli/safetensors.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <utility>

#include "cli/error.hpp"
#include "cli/safetensors_header.hpp"

namespace topkit::cli {
namespace {

constexpr std::size_t kLongestSafetensorsHeader = 100'000'000;  // the format's own limit

constexpr std::array<std::pair<std::string_view, DType>, kDTypes> kNames{{
    {"F32", DType::f32},
    {"F16", DType::f16},
    {"BF16", DType::bf16},
    {"F64", DType::f64},
    {"F8_E4M3", DType::f8e4m3},
    {"F8_E5M2", DType::f8e5m2},
    {"I8", DType::i8},
    {"I16", DType::i16},
    {"I32", DType::i32},
    {"I64", DType::i64},
    {"U8", DType::u8},
    {"U16", DType::u16},
    {"U32", DType::u32},
    {"U64", DType::u64},
}};

std::optional<DType> element(std::string_view word) {
  for (const auto& [theirs, ours] : kNames)
    if (theirs == word) return ours;
  return std::nullopt;
}

std::string some_names(const std::vector<SafeTensor>& tensors) {
  constexpr std::size_t kMost = 12;
  std::string text;
  for (std::size_t i = 0; i < std::min(tensors.size(), kMost); ++i)
    text += formatted("{}{}", i == 0 ? "" : ", ", quote(tensors[i].name));
  if (tensors.size() > kMost) text += formatted(" and {} more", tensors.size() - kMost);
  return text;
}

const SafeTensor& pick(const std::vector<SafeTensor>& tensors, std::string_view file, std::string_view tensor) {
  if (tensors.empty()) invalid("file {}: holds no tensor", file);
  if (tensor.empty() && tensors.size() > 1)
    invalid("file {}: holds {} tensors, name one with --tensor: {}", file, tensors.size(), some_names(tensors));
  if (tensor.empty()) return tensors.front();
  const auto found =
      std::find_if(tensors.begin(), tensors.end(), [&](const SafeTensor& t) { return t.name == tensor; });
  if (found == tensors.end())
    invalid("--tensor = {}: file {} has no such tensor; it has {}", quote(tensor), file, some_names(tensors));
  return *found;
}

}  // namespace

std::vector<SafeTensor> list_safetensors(std::span<const std::byte> bytes, std::string_view file) {
  if (bytes.empty()) invalid("file {}: is empty", file);
  if (bytes.size() < 9) invalid("file {}: is cut off in its .safetensors header ({} bytes)", file, bytes.size());
  std::uint64_t length = 0;
  for (int i = 7; i >= 0; --i) length = length << 8 | static_cast<std::uint64_t>(bytes[static_cast<std::size_t>(i)]);
  if (bytes[8] != std::byte{'{'})
    invalid("file {}: is not .safetensors (no JSON object after the first 8 bytes)", file);
  if (length > kLongestSafetensorsHeader)
    invalid("file {}: .safetensors header of {} bytes is longer than {}", file, length, kLongestSafetensorsHeader);
  if (length > bytes.size() - 8)
    invalid("file {}: is cut off in its .safetensors header ({} of {} bytes)", file, bytes.size() - 8, length);

  const auto header = static_cast<std::size_t>(length);
  std::vector<SafeTensor> tensors =
      parse_safetensors_header({reinterpret_cast<const char*>(bytes.data()) + 8, header}, file);

  std::stable_sort(tensors.begin(), tensors.end(), [](const SafeTensor& a, const SafeTensor& b) {
    return std::pair(a.begin, a.end) < std::pair(b.begin, b.end);
  });
  const std::size_t start = 8 + header, have = bytes.size() - start;
  std::size_t expected = 0;
  for (SafeTensor& tensor : tensors) {
    if (tensor.end < tensor.begin || tensor.end > have)
      invalid("file {}: tensor {} has data_offsets [{}, {}], outside the {} bytes of data", file, quote(tensor.name),
              tensor.begin, tensor.end, have);
    if (tensor.begin != expected)
      invalid(
          "file {}: tensor {} begins at byte {} of the data, the tensor before it ends at {}: ranges must neither "
          "overlap nor leave holes",
          file, quote(tensor.name), tensor.begin, expected);
    expected = tensor.end;
    tensor.begin += start;
    tensor.end += start;
  }
  if (expected != have) invalid("file {}: its tensors end at byte {} of {} bytes of data", file, expected, have);
  return tensors;
}

TensorView read_safetensors(std::span<const std::byte> bytes, std::string_view file, std::string_view tensor) {
  const std::vector<SafeTensor> tensors = list_safetensors(bytes, file);
  const SafeTensor& entry = pick(tensors, file, tensor);
  const std::optional<DType> dtype = element(entry.dtype);
  const std::string what = formatted("file {}: tensor {}", file, quote(entry.name));
  if (!dtype)
    invalid("{} has dtype {}, which is not supported; topkit takes BF16 F16 F32 F64 F8_E4M3 F8_E5M2 I8..I64 U8..U64",
            what, quote(entry.dtype));
  TensorView view;
  view.dtype = *dtype;
  view.shape = entry.shape;
  view.offset = entry.begin;
  view.size = static_cast<std::size_t>(dense_bytes(view.shape, view.dtype, what));
  if (view.size != entry.end - entry.begin)
    invalid("{}: shape {} of {} needs {} bytes, its data_offsets give {}", what, shape_text(view.shape), entry.dtype,
            view.size, entry.end - entry.begin);
  view.strides = row_major_strides(view.shape);
  return view;
}

}  // namespace topkit::cli
