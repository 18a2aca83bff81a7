#include "cli/sampling_options.hpp"

#include <CLI/CLI.hpp>
#include <charconv>
#include <limits>

#include "cli/error.hpp"
#include "cli/shape.hpp"

namespace topkit::cli {
namespace {

template <class T>
T parse_number(std::string_view text, std::string_view argument, std::string_view rule) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc() || end != text.data() + text.size())
    invalid("{} = {}: must be {}", argument, quote(text), rule);
  return value;
}
float parse_float(std::string_view text, std::string_view argument) {
  return parse_number<float>(text, argument, "a number");
}
std::uint64_t parse_u64(std::string_view text, std::string_view argument) {
  return parse_number<std::uint64_t>(text, argument, "a whole number in 0..2^64 - 1");
}

std::int32_t parse_i32(std::string_view text, std::string_view argument) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  const std::int64_t value = parse_integer(text, argument);
  if (value < 0 || value > kMost) invalid("{} = {}: must be in 0..{}", argument, value, kMost);
  return static_cast<std::int32_t>(value);
}

}  // namespace

void SamplingOptions::add_common(CLI::App& command) {
  command.add_option("--temperature", temperature, "Logits are divided by it; 0: the best token alone")
      ->type_name("T")
      ->capture_default_str();
  command.add_option("--softcap", softcap, "Logits first become C * tanh(logit / C); 0: off")
      ->type_name("C")
      ->capture_default_str();
  command.add_option("--isa", isa, "Force a CPU instruction set (topkit info lists them)")->type_name("NAME");
  command.add_option("--threads", threads, "CPU threads at most; 0: as many as pay")
      ->type_name("N")
      ->capture_default_str();
}

void SamplingOptions::add_filters(CLI::App& command) {
  command.add_option("--top-k", top_k, "Only the K best; 0: off")->type_name("K")->capture_default_str();
  command.add_option("--top-p", top_p, "Only the best that together have the share P; 1: off")
      ->type_name("P")
      ->capture_default_str();
  command.add_option("--min-p", min_p, "Only those with at least this share of the best's probability; 0: off")
      ->type_name("P")
      ->capture_default_str();
  command
      .add_option("--preset", preset,
                  "The rules of hf, vllm, sglang, trtllm, flashinfer, flashinfer_joint, llamacpp or nanochat")
      ->type_name("NAME");
  command.add_option("--seed", seed, "Another seed, other tokens; the same, the same")
      ->type_name("N")
      ->capture_default_str();
  command.add_option("--position", position, "Place of the first row's token in its sequence; the rows follow")
      ->type_name("N")
      ->capture_default_str();
}

tk_sampling SamplingOptions::parse() const {
  tk_sampling options;
  tk_sampling_init(&options);
  options.temperature = parse_float(temperature, "--temperature");
  options.top_k = parse_i32(top_k, "--top-k");
  options.top_p = parse_float(top_p, "--top-p");
  options.min_p = parse_float(min_p, "--min-p");
  options.softcap = parse_float(softcap, "--softcap");
  options.seed = parse_u64(seed, "--seed");
  options.position = parse_u64(position, "--position");
  options.threads = parse_i32(threads, "--threads");
  if (!isa.empty()) options.isa = isa.c_str();
  if (!preset.empty() && tk_sampling_preset(&options, preset.c_str()) != TK_OK)
    invalid("--preset = {}: {}", quote(preset), tk_last_error());
  return options;
}

}  // namespace topkit::cli
