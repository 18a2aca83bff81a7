#include "flat_json.hpp"

#include <limits>

namespace topkit {
namespace {

class Parser {
 public:
  Parser(std::string_view text, std::string_view what) : text_(text), what_(what) {}

  FlatFile file() {
    FlatFile file{.head = FlatObject(what_, 1), .rows = {}};
    members(file.head, &file.rows);
    skip_blanks();
    if (at_ != text_.size()) wrong("has more behind the object's end");
    return file;
  }

 private:
  [[noreturn]] void wrong(std::string_view rule) const { invalid("{} line {}: {}", what_, line_, rule); }

  void skip_blanks() {
    for (; at_ < text_.size(); ++at_) {
      const char c = text_[at_];
      if (c == '\n') ++line_;
      if (c != ' ' && c != '\n' && c != '\t' && c != '\r') return;
    }
  }
  bool take(char c) {
    skip_blanks();
    if (at_ >= text_.size() || text_[at_] != c) return false;
    ++at_;
    return true;
  }
  void expect(char c) {
    if (take(c)) return;
    if (at_ >= text_.size()) invalid("{} line {}: is cut off: {} is missing", what_, line_, c);
    invalid("{} line {}: has '{}' where {} belongs", what_, line_, text_[at_], c);
  }

  std::string string() {
    expect('"');
    std::string out;
    for (; at_ < text_.size(); ++at_) {
      char c = text_[at_];
      if (c == '"') {
        ++at_;
        return out;
      }
      if (static_cast<unsigned char>(c) < 0x20) wrong("has a control character in a text");
      if (c == '\\') {
        if (++at_ >= text_.size()) break;
        c = text_[at_];
        if (c != '"' && c != '\\' && c != '/') wrong("has an escape that no table needs");
      }
      out += c;
    }
    wrong("is cut off in a text");
  }

  std::int64_t number() {
    skip_blanks();
    constexpr std::int64_t kMost = std::numeric_limits<std::int64_t>::max() / 10 - 1;
    const bool negative = at_ < text_.size() && text_[at_] == '-';
    if (negative) ++at_;
    std::int64_t value = 0;
    const std::size_t begin = at_;
    for (; at_ < text_.size() && text_[at_] >= '0' && text_[at_] <= '9'; ++at_) {
      if (value > kMost) wrong("has a number above 2^63");
      value = value * 10 + (text_[at_] - '0');
    }
    if (at_ == begin) wrong("has neither a text nor a whole number where a value belongs");
    if (at_ < text_.size() && (text_[at_] == '.' || text_[at_] == 'e' || text_[at_] == 'E'))
      wrong("has a number that is not whole");
    return negative ? -value : value;
  }

  // rows: where the array of that name goes; nullptr inside it.
  void members(FlatObject& object, std::vector<FlatObject>* rows) {
    expect('{');
    if (take('}')) return;
    do {
      skip_blanks();
      const int line = line_;
      const std::string name = string();
      expect(':');
      skip_blanks();
      if (rows != nullptr && name == "rows")
        array(*rows);
      else if (at_ < text_.size() && text_[at_] == '"')
        object.put(name, string(), line);
      else
        object.put(name, number(), line);
    } while (take(','));
    expect('}');
  }

  void array(std::vector<FlatObject>& rows) {
    expect('[');
    if (take(']')) return;
    do {
      skip_blanks();
      members(rows.emplace_back(what_, line_), nullptr);
    } while (take(','));
    expect(']');
  }

  std::string_view text_, what_;
  std::size_t at_ = 0;
  int line_ = 1;
};

}  // namespace

const std::string& FlatObject::text(std::string_view name) const {
  const auto found = fields_.find(name);
  if (found == fields_.end()) wrong(name, "is missing");
  const auto* text = std::get_if<std::string>(&found->second.value);
  if (text == nullptr) wrong(name, "is no text");
  return *text;
}

std::int64_t FlatObject::number(std::string_view name) const {
  const auto found = fields_.find(name);
  if (found == fields_.end()) wrong(name, "is missing");
  const auto* number = std::get_if<std::int64_t>(&found->second.value);
  if (number == nullptr) wrong(name, "is no number");
  return *number;
}

void FlatObject::put(const std::string& name, Value value, int line) {
  if (!fields_.emplace(name, Field{std::move(value), line}).second)
    invalid("{} line {}: field {} is there twice", what_, line, name);
}

void FlatObject::wrong(std::string_view name, const std::string& rule) const {
  const auto found = fields_.find(name);
  invalid("{} line {}: field {} {}", what_, found == fields_.end() ? line_ : found->second.line, name, rule);
}

FlatFile parse_flat_json(std::string_view text, std::string_view what) { return Parser(text, what).file(); }

std::string quoted(std::string_view text) {
  std::string out;
  for (const char c : text) {
    if (c == '"' || c == '\\') out += '\\';
    out += static_cast<unsigned char>(c) < 0x20 ? ' ' : c;
  }
  return out;
}

}  // namespace topkit
