// Results as JSON lines, for files and programs, and as a table, for people.
#pragma once

#include <string>
#include <vector>

#include "runner.hpp"

namespace topkit::bench {

struct Provenance {
  std::string machine, date, commit;
};

std::string to_json(const Result& result, const Provenance& from);

std::string table_head();
// One line a case: `results` as measure() returns them.
std::string table_line(const std::vector<Result>& results);

}  // namespace topkit::bench
