#include "cli/selection_options.hpp"

#include <CLI/CLI.hpp>

#include "cli/error.hpp"
#include "cli/shape.hpp"
#include "cli/words.hpp"

namespace topkit::cli {

void SelectionOptions::add_to(CLI::App& command) {
  command.add_option("-k", k, "How many of each row, 0 to its length")->required()->type_name("K");
  command.add_flag("--smallest", smallest, "The smallest instead of the largest");
  command.add_option("--order", order, "Winners best first (value), by position (index), or as they come (any)")
      ->type_name("value|index|any")
      ->capture_default_str();
  command.add_option("--nan", nan, "NaN above all numbers (largest), or never before a number (last)")
      ->type_name("largest|last")
      ->capture_default_str();
  command.add_option("--axis", axis, "The axis to select along; negative: from the last")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--algorithm", algorithm, "Force an algorithm (topkit info lists them)")->type_name("NAME");
  command.add_option("--isa", isa, "Force a CPU instruction set (topkit info lists them)")->type_name("NAME");
  command.add_option("--threads", threads, "CPU threads at most; 0: as many as pay")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--tuning", tuning, kTuningHelp)->type_name("FILE");
  command.add_option("--index-dtype", index_dtype, "Type of the indices")->type_name("i32|i64")->capture_default_str();
}

std::int64_t SelectionOptions::parse_k() const { return parse_integer(k, "-k"); }

IndexType SelectionOptions::parse_index_type() const {
  return word<IndexType>("--index-dtype", index_dtype, {{"i32", IndexType::i32}, {"i64", IndexType::i64}});
}

std::size_t SelectionOptions::parse_axis(std::size_t rank) const {
  const std::int64_t n = static_cast<std::int64_t>(rank);
  const std::int64_t value = parse_integer(axis, "--axis");
  if (value < -n || value >= n) invalid("--axis = {}: must be in {}..{}, the input has {} axes", value, -n, n - 1, n);
  return static_cast<std::size_t>(value < 0 ? value + n : value);
}

tk_options SelectionOptions::parse() const {
  tk_options options;
  tk_options_init(&options);
  options.largest = smallest ? 0 : 1;
  options.order =
      word<tk_order>("--order", order, {{"value", TK_ORDER_VALUE}, {"index", TK_ORDER_INDEX}, {"any", TK_ORDER_ANY}});
  options.nan = word<tk_nan>("--nan", nan, {{"largest", TK_NAN_LARGEST}, {"last", TK_NAN_LAST}});
  if (!algorithm.empty()) options.algorithm = algorithm.c_str();
  if (!isa.empty()) options.isa = isa.c_str();
  constexpr std::int64_t kMostThreads = 4096;
  const std::int64_t count = parse_integer(threads, "--threads");
  if (count < 0 || count > kMostThreads) invalid("--threads = {}: must be in 0..{}", count, kMostThreads);
  options.threads = static_cast<std::int32_t>(count);
  if (tuning_ == nullptr) tuning_ = open_tuning(tuning);
  options.tuning = tuning_.get();
  return options;
}

}  // namespace topkit::cli
