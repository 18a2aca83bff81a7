#include "cli/npy.hpp"

#include <fmt/ranges.h>

#include <charconv>
#include <cstring>

#include "cli/error.hpp"

namespace topkit::cli {
namespace {

// NumPy writes a few hundred bytes; what is longer than this is no header.
constexpr std::size_t kLongestNpyHeader = std::size_t{1} << 20;

struct Header {
  std::optional<std::string> descr;
  std::optional<bool> fortran_order;
  std::optional<Shape> shape;
};

// The header is a Python dict literal: {'descr': '<f4', 'fortran_order': False, 'shape': (3, 4), }. No nesting is needed to
// read it, so no input can recurse.
class HeaderParser {
 public:
  HeaderParser(std::string_view text, std::string_view file) : text_(text), file_(file) {}

  Header parse() {
    Header header;
    expect('{');
    while (!accept('}')) {
      const std::string key = string();
      expect(':');
      if (key == "descr")
        set(header.descr, descr(), key);
      else if (key == "fortran_order")
        set(header.fortran_order, boolean(), key);
      else if (key == "shape")
        set(header.shape, shape(), key);
      else
        invalid("file {}: .npy header has a key {} that the format does not know", file_, quote(key));
      if (!accept(',')) {
        expect('}');
        break;
      }
    }
    skip_space();
    if (at_ != text_.size()) wrong("nothing after the closing brace");
    return header;
  }

 private:
  [[noreturn]] void wrong(std::string_view expected) const {
    std::string_view rest = text_.substr(at_, 40);
    rest = rest.substr(0, rest.find_last_not_of(" \n") + 1);  // what fills the header says nothing
    invalid("file {}: .npy header at byte {} is {}: expected {}", file_, at_, quote(rest), expected);
  }

  template <class T>
  void set(std::optional<T>& place, T value, std::string_view key) const {
    if (place) invalid("file {}: .npy header names '{}' twice", file_, key);
    place = std::move(value);
  }

  void skip_space() {
    while (at_ < text_.size() && (text_[at_] == ' ' || text_[at_] == '\n' || text_[at_] == '\t')) ++at_;
  }

  bool accept(char c) {
    skip_space();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }

  void expect(char c) {
    if (!accept(c)) wrong(formatted("'{}'", c));
  }

  bool accept_word(std::string_view word) {
    skip_space();
    if (text_.substr(at_, word.size()) != word) return false;
    at_ += word.size();
    return true;
  }

  std::string string() {
    skip_space();
    if (at_ >= text_.size() || (text_[at_] != '\'' && text_[at_] != '"')) wrong("a quoted name");
    const std::size_t stop = text_.find(text_[at_], at_ + 1);
    if (stop == std::string_view::npos) wrong("a name with a closing quote");
    std::string value(text_.substr(at_ + 1, stop - at_ - 1));
    at_ = stop + 1;
    return value;
  }

  std::string descr() {
    skip_space();
    if (at_ < text_.size() && text_[at_] == '[')
      invalid("file {}: dtype is structured (records); topkit takes one number an element", file_);
    return string();
  }

  bool boolean() {
    if (accept_word("True")) return true;
    if (accept_word("False")) return false;
    wrong("True or False");
  }

  Shape shape() {
    Shape extents;
    expect('(');
    while (!accept(')')) {
      skip_space();
      std::int64_t extent = 0;
      const char* begin = text_.data() + at_;
      const auto [stop, error] = std::from_chars(begin, text_.data() + text_.size(), extent);
      if (error == std::errc::result_out_of_range)
        invalid("file {}: shape has an extent {} beyond 64 bits", file_,
                quote(std::string_view(begin, static_cast<std::size_t>(stop - begin))));
      if (error != std::errc() || extent < 0) wrong("an extent of 0 or more");
      at_ += static_cast<std::size_t>(stop - begin);
      accept('L');  // Python 2 wrote long integers so
      extents.push_back(extent);
      if (extents.size() > kMostAxes) invalid("file {}: shape has more than {} axes", file_, kMostAxes);
      if (!accept(',')) {
        expect(')');
        break;
      }
    }
    return extents;
  }

  std::string_view text_;
  std::string_view file_;
  std::size_t at_ = 0;
};

// The element type of a descr such as "<f4". `wish` decides only where NumPy's name says no more than a size.
DType element(std::string_view descr, std::string_view file, std::optional<DType> wish) {
  const std::string_view order = descr.substr(0, descr.find_first_not_of("<>=|"));
  const std::string_view kind = descr.substr(order.size());
  if (kind == "V2" || kind == "V1" || kind == "f1") {
    const int size = kind[1] - '0';
    if (wish && bytes(*wish) == size) return *wish;
    if (wish)
      invalid("file {}: --dtype {} has {} bytes, its elements ({}) have {}", file, name(*wish), bytes(*wish), descr,
              size);
    invalid("file {}: dtype {} does not say what its {} bytes mean; add --dtype {}", file, quote(descr), size,
            size == 2 ? "bf16" : "f8e4m3 or f8e5m2");
  }
  std::optional<DType> dtype;
  if (kind.size() == 2 && (kind[0] == 'f' || kind[0] == 'i' || kind[0] == 'u') && kind[1] >= '1' && kind[1] <= '8')
    dtype = dtype_from(formatted("{}{}", kind[0], (kind[1] - '0') * 8));
  if (!dtype)
    invalid(
        "file {}: dtype {} is not supported; topkit takes f2 f4 f8 i1 i2 i4 i8 u1 u2 u4 u8, and bf16 or f8 as V2 or V1 "
        "with "
        "--dtype",
        file, quote(descr));
  if (order == ">" && bytes(*dtype) > 1)
    invalid("file {}: dtype {} is big-endian; topkit reads little-endian: save x.astype('<{}')", file, quote(descr),
            kind);
  if (wish && *wish != *dtype)
    invalid("file {}: --dtype {} contradicts the file's own {}", file, name(*wish), name(*dtype));
  return *dtype;
}

}  // namespace

TensorView read_npy(std::span<const std::byte> bytes, std::string_view file, std::optional<DType> dtype) {
  const auto byte = [&](std::size_t i) { return static_cast<std::size_t>(bytes[i]); };
  if (bytes.empty()) invalid("file {}: is empty", file);
  if (bytes.size() < kNpyMagic.size() || std::memcmp(bytes.data(), kNpyMagic.data(), kNpyMagic.size()) != 0)
    invalid("file {}: is not .npy (its first bytes are not \\x93NUMPY)", file);
  if (bytes.size() < 10) invalid("file {}: is cut off in its .npy header ({} bytes)", file, bytes.size());
  const std::size_t major = byte(6);
  if (major < 1 || major > 3 || byte(7) != 0)
    invalid("file {}: .npy version {}.{} is not known; versions 1.0, 2.0 and 3.0 are", file, major, byte(7));
  const std::size_t prefix = major == 1 ? 10 : 12;
  if (bytes.size() < prefix) invalid("file {}: is cut off in its .npy header ({} bytes)", file, bytes.size());
  const std::size_t length = byte(8) | byte(9) << 8 | (major == 1 ? 0 : byte(10) << 16 | byte(11) << 24);
  if (length > kLongestNpyHeader)
    invalid("file {}: .npy header of {} bytes is longer than {}", file, length, kLongestNpyHeader);
  if (length > bytes.size() - prefix)
    invalid("file {}: is cut off in its .npy header ({} of {} bytes)", file, bytes.size() - prefix, length);

  const std::string_view text(reinterpret_cast<const char*>(bytes.data()) + prefix, length);
  const Header header = HeaderParser(text, file).parse();
  if (!header.descr || !header.fortran_order || !header.shape)
    invalid("file {}: .npy header lacks '{}'", file,
            !header.descr           ? "descr"
            : !header.fortran_order ? "fortran_order"
                                    : "shape");

  TensorView view;
  view.dtype = element(*header.descr, file, dtype);
  view.shape = *header.shape;
  view.offset = prefix + length;
  view.size = static_cast<std::size_t>(dense_bytes(view.shape, view.dtype, formatted("file {}", file)));
  const std::size_t have = bytes.size() - view.offset;
  if (have != view.size)
    invalid("file {}: shape {} of {} needs {} bytes of data, the file has {}", file, shape_text(view.shape),
            name(view.dtype), view.size, have);
  view.strides = *header.fortran_order ? column_major_strides(view.shape) : row_major_strides(view.shape);
  return view;
}

std::string npy_header(DType dtype, std::span<const std::int64_t> shape) {
  const int size = bytes(dtype);
  const bool foreign = dtype == DType::bf16 || dtype == DType::f8e4m3 || dtype == DType::f8e5m2;
  const char kind = foreign ? 'V' : name(dtype)[0];
  std::string text = formatted("{{'descr': '{}{}{}', 'fortran_order': False, 'shape': ({}{}), }}",
                               size == 1 ? '|' : '<', kind, size, fmt::join(shape, ", "), shape.size() == 1 ? "," : "");
  // kMostAxes extents of 20 bytes fit version 1's 64 KiB.
  constexpr std::size_t kPrefix = 10;
  text.append(63 - (kPrefix + text.size()) % 64, ' ');
  text += '\n';
  std::string header(kNpyMagic);
  header += '\x01';
  header += '\0';
  header += static_cast<char>(text.size() & 0xff);
  header += static_cast<char>(text.size() >> 8);
  return header + text;
}

}  // namespace topkit::cli
