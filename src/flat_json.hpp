// The little JSON that a tuning table is: one object of texts and whole numbers, and "rows", an array of more of them. The
// library reads it by itself so that it needs no JSON library.
#pragma once

#include <cstdint>
#include <map>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "status.hpp"

namespace topkit {

class FlatObject {
 public:
  using Value = std::variant<std::int64_t, std::string>;

  FlatObject(std::string_view what, int line) : what_(what), line_(line) {}

  bool has(std::string_view name) const { return fields_.contains(name); }
  const std::string& text(std::string_view name) const;
  std::int64_t number(std::string_view name) const;
  void put(const std::string& name, Value value, int line);

  // Throws unless known(name) of every field.
  template <class Known>
  void expect_only(Known&& known) const {
    for (const auto& [name, field] : fields_)
      if (!known(name)) wrong(name, "is none of a table of this device");
  }

  // Throws Failure: "tuning.json line 7: field maxima_k is below 0".
  [[noreturn]] void wrong(std::string_view name, const std::string& rule) const;

 private:
  struct Field {
    Value value;
    int line;
  };
  std::string what_;
  int line_;
  std::map<std::string, Field, std::less<>> fields_;
};

struct FlatFile {
  FlatObject head;
  std::vector<FlatObject> rows;
};

// Throws Failure naming `what` and the line.
FlatFile parse_flat_json(std::string_view text, std::string_view what);

// Text between the quotes of JSON.
std::string quoted(std::string_view text);

}  // namespace topkit
