// Results as JSON lines or CSV, for files and programs, and as a table, for people.
#pragma once

#include <string>
#include <vector>

#include "runner.hpp"

namespace topkit::bench {

struct Provenance {
  Facts facts;
  std::string date, commit;
};

// The first line of a file: where all others come from.
std::string header_json(DeviceKind device, const Provenance& from);
std::string to_json(const Result& result, const Provenance& from);
std::string to_json(const Case& c, const Refusal& refusal);

std::string csv_head();
std::string to_csv(const Result& result, const Provenance& from);

std::string table_head(DeviceKind device);
// One line a case, one more for each algorithm that was forced, and one for each refusal.
std::string table_lines(const Case& c, const Measured& measured, const Provenance& from);

}  // namespace topkit::bench
