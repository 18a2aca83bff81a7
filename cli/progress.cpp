#include "cli/progress.hpp"

#include <array>
#include <ostream>
#include <utility>

#include "text.hpp"

namespace topkit::cli {

using namespace std::chrono_literals;

Progress::Progress(Console& console, std::string what, std::int64_t total_bytes)
    : console_(console), what_(std::move(what)), total_(total_bytes) {}

Progress::~Progress() {
  if (visible_) console_.err << "\r\x1b[K" << std::flush;
}

void Progress::advance(std::int64_t bytes) {
  done_ += bytes;
  const auto now = Clock::now();
  if (!console_.err_terminal || now - start_ < 500ms || now - shown_ < 100ms) return;
  shown_ = now;
  visible_ = true;
  const double seconds = std::chrono::duration<double>(now - start_).count();
  const double share = total_ > 0 ? static_cast<double>(done_) / static_cast<double>(total_) : 1;
  console_.err << formatted("\r\x1b[K{}: {:.0f}% of {}, {}/s", what_, 100 * share,
                            bytes_text(static_cast<double>(total_)), bytes_text(static_cast<double>(done_) / seconds))
               << std::flush;
}

std::string bytes_text(double bytes) {
  constexpr std::array kUnits{"B", "kB", "MB", "GB", "TB", "PB"};
  std::size_t unit = 0;
  for (; bytes >= 1000 && unit + 1 < kUnits.size(); ++unit) bytes /= 1000;
  return unit == 0 ? formatted("{:.0f} B", bytes) : formatted("{:.1f} {}", bytes, kUnits[unit]);
}

}  // namespace topkit::cli
