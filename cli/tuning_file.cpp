#include "cli/tuning_file.hpp"

#include <cstdlib>
#include <fstream>
#include <iterator>

#include "cli/error.hpp"

namespace topkit::cli {

TuningFile open_tuning(const std::string& option) {
  const char* environment = std::getenv("TOPKIT_TUNING");
  const std::string path = !option.empty() ? option : environment != nullptr ? environment : "";
  if (path.empty()) return nullptr;
  const std::string who = formatted("{} = {}", option.empty() ? "TOPKIT_TUNING" : "--tuning", quote(path));
  std::ifstream file(path, std::ios::binary);
  const std::string text((std::istreambuf_iterator<char>(file)), {});
  if (!file.good() && !file.eof()) invalid("{}: cannot be read", who);
  tk_tuning* tuning = nullptr;
  const tk_status status = tk_tuning_read(text.data(), text.size(), &tuning);
  if (status != TK_OK) fail(status, "{}: {}", who, tk_last_error());
  return TuningFile(tuning);
}

}  // namespace topkit::cli
