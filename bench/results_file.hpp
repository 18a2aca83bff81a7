// Files that `topkit bench --json` and `python -m topkit.bench` wrote: read back to go on with them, to compare them and to
// make the guide of them.
#pragma once

#include <cstdint>
#include <nlohmann/json.hpp>
#include <optional>
#include <string>
#include <vector>

namespace topkit::bench {

struct Record {
  int line = 0;
  nlohmann::ordered_json object;  // has every field that readers need, of the right type

  std::string text(const char* field) const { return object.value(field, std::string()); }
  std::optional<double> number(const char* field) const;  // nothing when it is missing or null
  std::string key() const;  // of what was timed: case, distribution, index type, threads, who
};

struct ResultsFile {
  std::string path;
  nlohmann::ordered_json header;  // null when there is none
  std::vector<Record> records;    // results; refusals are left out
  std::string cut_off;            // a last line that was not finished; "" when all are
  std::int64_t whole_bytes = 0;   // the file without it
  int lines = 0;
  bool open_array = false;  // began with [ and never came to ]
};

// JSON lines, or an array with one object a line. Throws Failure naming the file, line and field that is wrong. An end that
// is missing is no failure here: what is whole can be gone on from.
ResultsFile read_results(const std::string& path);

// The same, for those who need all of it: a file without its end is a Failure too.
ResultsFile read_whole_results(const std::string& path);

}  // namespace topkit::bench
