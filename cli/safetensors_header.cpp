#include "cli/safetensors_header.hpp"

#include <nlohmann/json.hpp>
#include <string>
#include <unordered_set>
#include <utility>

#include "cli/error.hpp"

namespace topkit::cli {
namespace {

using Json = nlohmann::json;

// Reads the events of the parser and keeps no tree, so that neither depth nor size of a hostile header costs memory.
// Levels: 0 outside, 1 the object of tensors, 2 one tensor or __metadata__, 3 its shape or data_offsets.
class HeaderReader final : public nlohmann::json_sax<Json> {
 public:
  explicit HeaderReader(std::string_view file) : file_(file) {}

  std::vector<SafeTensor> take() { return std::move(tensors_); }

  bool start_object(std::size_t /*elements*/) override {
    if (level_ == 0 || (level_ == 1 && !metadata_)) {
      if (++level_ == 2) seen_ = 0;
      return true;
    }
    if (level_ == 1) {
      ++level_;
      return true;
    }
    wrong("an object");
  }

  bool end_object() override {
    if (level_-- == 2 && !metadata_ && seen_ != kAll)
      invalid("file {}: tensor {} lacks dtype, shape or data_offsets", file_, quote(tensors_.back().name));
    return true;
  }

  bool key(std::string& key) override {
    if (level_ == 1) {
      metadata_ = key == "__metadata__";
      if (!names_.insert(key).second) invalid("file {}: .safetensors header names {} twice", file_, quote(key));
      if (!metadata_) tensors_.push_back({.name = key});
      return true;
    }
    if (metadata_) return true;
    field_ = key == "dtype" ? kDtype : key == "shape" ? kShape : key == "data_offsets" ? kOffsets : 0;
    if (field_ == 0)
      invalid("file {}: tensor {} has a key {} that the format does not know", file_, tensor(), quote(key));
    if ((seen_ & field_) != 0) invalid("file {}: tensor {} has {} twice", file_, tensor(), quote(key));
    seen_ |= field_;
    offsets_ = 0;
    return true;
  }

  bool string(std::string& text) override {
    if (level_ == 2 && metadata_) return true;
    if (level_ != 2 || field_ != kDtype) wrong("a string");
    tensors_.back().dtype = text;
    return true;
  }

  bool start_array(std::size_t /*elements*/) override {
    if (level_ != 2 || metadata_ || field_ == kDtype) wrong("an array");
    ++level_;
    return true;
  }

  bool end_array() override {
    --level_;
    if (field_ == kOffsets && offsets_ != 2)
      invalid("file {}: tensor {} has {} data_offsets, not 2", file_, tensor(), offsets_);
    return true;
  }

  bool number_unsigned(number_unsigned_t value) override {
    if (level_ != 3) wrong("a number");
    SafeTensor& now = tensors_.back();
    if (value > static_cast<std::uint64_t>(std::numeric_limits<std::int64_t>::max()))
      invalid("file {}: tensor {} has a number {} beyond 2^63 - 1", file_, tensor(), value);
    if (field_ == kShape) {
      if (now.shape.size() == kMostAxes)
        invalid("file {}: tensor {} has more than {} axes", file_, tensor(), kMostAxes);
      now.shape.push_back(static_cast<std::int64_t>(value));
    } else {
      if (offsets_ < 2) (offsets_ == 0 ? now.begin : now.end) = static_cast<std::size_t>(value);
      ++offsets_;
    }
    return true;
  }

  bool number_integer(number_integer_t value) override {
    if (level_ != 3) wrong("a number");
    invalid("file {}: tensor {} has {} in its {}: must be 0 or more", file_, tensor(), value,
            field_ == kShape ? "shape" : "data_offsets");
  }

  bool number_float(number_float_t /*value*/, const std::string& text) override {
    if (level_ != 3) wrong("a number");
    invalid("file {}: tensor {} has {} in its {}: must be a whole number of 64 bits", file_, tensor(), quote(text),
            field_ == kShape ? "shape" : "data_offsets");
  }

  bool null() override { wrong("null"); }
  bool boolean(bool /*value*/) override { wrong("true or false"); }
  bool binary(binary_t& /*value*/) override { wrong("binary data"); }

  bool parse_error(std::size_t position, const std::string& /*token*/, const Json::exception& /*error*/) override {
    invalid("file {}: .safetensors header is not JSON at byte {}", file_, position);
  }

 private:
  static constexpr int kDtype = 1, kShape = 2, kOffsets = 4, kAll = 7;

  std::string tensor() const { return tensors_.empty() ? "''" : quote(tensors_.back().name); }

  [[noreturn]] void wrong(std::string_view what) const {
    invalid("file {}: .safetensors header has {} where the format has none (near tensor {})", file_, what, tensor());
  }

  std::string_view file_;
  std::vector<SafeTensor> tensors_;
  std::unordered_set<std::string> names_;
  int level_ = 0;
  bool metadata_ = false;
  int field_ = 0, seen_ = 0, offsets_ = 0;
};

}  // namespace

std::vector<SafeTensor> parse_safetensors_header(std::string_view text, std::string_view file) {
  HeaderReader reader(file);
  Json::sax_parse(text.begin(), text.end(), &reader);
  return reader.take();
}

}  // namespace topkit::cli
