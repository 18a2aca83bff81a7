// Any bytes as a tuning table: refused with a sentence, or a table that is the same when it is written and read again.
#include <cstdint>
#include <cstdlib>
#include <string_view>

#include "status.hpp"
#include "tuning_table.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace topkit;
  try {
    const std::string text = to_json(parse_tuning({reinterpret_cast<const char*>(data), size}, "fuzz"));
    if (to_json(parse_tuning(text, "again")) != text) std::abort();
  } catch (const Failure&) {
  }
  return 0;
}
