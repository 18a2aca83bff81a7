// Files that `topkit bench --json` wrote: read back to go on with them and to compare them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <vector>

namespace topkit::bench {

struct Record {
  int line = 0;
  nlohmann::ordered_json object;  // has every field that compare and resume read, of the right type

  std::string text(const char* field) const { return object.value(field, std::string()); }
  std::string key() const;  // of what was timed: case, distribution, index type, who
};

struct ResultsFile {
  std::string path;
  nlohmann::ordered_json header;  // null when there is none
  std::vector<Record> records;    // results; refusals are left out
  std::string cut_off;            // a last line that was not finished; "" when all are
  std::int64_t whole_bytes = 0;   // the file without it
};

// JSON lines, or an array with one object a line. Throws Failure naming the file, line and field that is wrong.
ResultsFile read_results(const std::string& path);

}  // namespace topkit::bench
