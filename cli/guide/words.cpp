// What the sections say alike.
#include "cli/guide/charts.hpp"
#include "cli/guide/sections.hpp"
#include "text.hpp"

namespace topkit::cli::guide {

std::string source_text(const Machine& machine) {
  std::string text;
  for (const Origin& origin : machine.origins)
    text += formatted("{}{}, {}, commit {}", text.empty() ? "" : "; ", plain(origin.file),
                      origin.date.empty() ? "date not recorded" : plain(origin.date),
                      origin.commit.empty() ? "not recorded" : plain(origin.commit));
  return text;
}

std::string problem_text(const Row& row) {
  std::string text = formatted("{} x {}, k = {}", row.what.rows, row.what.cols, row.what.k);
  if (row.what.order != Order::value) text += row.what.order == Order::any ? ", any order" : ", by index";
  if (row.what.cache == bench::Cache::l2) text += ", in L2";
  if (row.threads > 1) text += formatted(", {} threads", row.threads);
  return text;
}

Tone tone_of(double ratio) {
  if (ratio < 0.8) return Tone::far_behind;
  if (ratio < 1) return Tone::behind;
  if (ratio < 1.5) return Tone::even;
  return ratio < 5 ? Tone::ahead : Tone::far_ahead;
}

Cell ratio_cell(const Rival* rival, bool named) {
  if (rival == nullptr) return {};
  const std::string order = rival->sorted ? "" : " (unsorted)";
  return {
      .text = named ? formatted("{} {}{}", ratio_text(rival->hot), plain(rival->name), order) : ratio_text(rival->hot),
      .tone = tone_of(rival->hot)};
}

}  // namespace topkit::cli::guide
