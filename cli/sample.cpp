#include <CLI/CLI.hpp>
#include <algorithm>
#include <chrono>
#include <cmath>
#include <memory>
#include <nlohmann/json.hpp>
#include <ostream>
#include <string>
#include <vector>

#include "cli/commands.hpp"
#include "cli/error.hpp"
#include "cli/host_output.hpp"
#include "cli/input_options.hpp"
#include "cli/logits.hpp"
#include "cli/number_text.hpp"
#include "cli/sampling_options.hpp"

namespace topkit::cli {
namespace {

struct SampleOptions {
  std::string file;
  InputOptions input;
  SamplingOptions sampling;
  std::string draws = "1", candidates = "0";
  bool json = false;
};

struct Drawn {
  std::int64_t rows, draws, listed;
  HostOutput<std::int64_t> tokens, candidates;
  HostOutput<float> logprobs, candidate_logprobs;
  HostOutput<std::int32_t> kept;
  HostOutput<std::uint8_t> valid;
  double seconds = 0;

  Drawn(std::int64_t row_count, std::int64_t draw_count, std::int64_t list)
      : rows(row_count),
        draws(draw_count),
        listed(list),
        tokens(DType::i64, {rows, draws}),
        candidates(DType::i64, {rows, list}),
        logprobs(DType::f32, {rows, draws}),
        candidate_logprobs(DType::f32, {rows, list}),
        kept(DType::i32, {rows}),
        valid(DType::u8, {rows}) {}
};

std::int64_t count_of(std::string_view text, std::string_view argument, std::int64_t least, std::int64_t most) {
  const std::int64_t value = parse_integer(text, argument);
  if (value < least || value > most) invalid("{} = {}: must be in {}..{}", argument, value, least, most);
  return value;
}

// Rows are positions that follow one another: their noise is independent.
void draw(const Logits& logits, tk_sampling options, const std::string& name, Drawn& drawn) {
  HostOutput<std::int64_t> positions(DType::i64, {drawn.rows});
  for (std::int64_t r = 0; r < drawn.rows; ++r)
    positions.values[static_cast<std::size_t>(r)] =
        static_cast<std::int64_t>(options.position + static_cast<std::uint64_t>(r));
  options.row_position = positions.dl();
  tk_sampled out;
  tk_sampled_init(&out);
  out.tokens = drawn.tokens.dl();
  out.logprobs = drawn.logprobs.dl();
  out.kept = drawn.kept.dl();
  out.valid = drawn.valid.dl();
  if (drawn.listed > 0) {
    out.candidates = drawn.candidates.dl();
    out.candidate_logprobs = drawn.candidate_logprobs.dl();
  }
  const auto start = std::chrono::steady_clock::now();
  const tk_status status = tk_sample(logits.dl(), &options, &out, nullptr, nullptr);
  if (status != TK_OK) throw Failure(status, name + ": " + tk_last_error());
  drawn.seconds = std::chrono::duration<double>(std::chrono::steady_clock::now() - start).count();
}

// 0.9, not 0.8999999761581421: the double that the float's shortest decimal means.
double shortest(float value) { return std::stod(formatted("{}", value)); }

template <class T>
nlohmann::ordered_json rows_of(const HostOutput<T>& output, std::int64_t rows, std::int64_t cols) {
  auto all = nlohmann::ordered_json::array();
  for (std::int64_t r = 0; r < rows; ++r) {
    auto row = nlohmann::ordered_json::array();
    for (std::int64_t j = 0; j < cols; ++j) {
      if constexpr (std::is_same_v<T, float>) {
        const float value = output.at(r, j);
        if (std::isfinite(value))
          row.push_back(shortest(value));
        else
          row.push_back("-Infinity");
      } else {
        row.push_back(output.at(r, j));
      }
    }
    all.push_back(std::move(row));
  }
  return all;
}

void print_json(Console& console, const Tensor& x, const tk_sampling& options, const Drawn& drawn) {
  nlohmann::ordered_json line;
  line["file"] = x.name();
  line["dtype"] = name(x.view().dtype);
  line["shape"] = x.view().shape;
  line["temperature"] = shortest(options.temperature);
  line["top_k"] = options.top_k;
  line["top_p"] = shortest(options.top_p);
  line["min_p"] = shortest(options.min_p);
  line["seed"] = options.seed;
  line["position"] = options.position;
  line["seconds"] = drawn.seconds;
  line["tokens"] = rows_of(drawn.tokens, drawn.rows, drawn.draws);
  line["logprobs"] = rows_of(drawn.logprobs, drawn.rows, drawn.draws);
  line["kept"] = drawn.kept.values;
  line["valid"] = nlohmann::ordered_json::array();
  for (const std::uint8_t valid : drawn.valid.values) line["valid"].push_back(valid != 0);
  if (drawn.listed > 0) {
    line["candidates"] = rows_of(drawn.candidates, drawn.rows, drawn.listed);
    line["candidate_logprobs"] = rows_of(drawn.candidate_logprobs, drawn.rows, drawn.listed);
  }
  console.out << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

void print_table(Console& console, const Tensor& x, const Drawn& drawn) {
  console.out << console.bold(quote(x.name()))
              << console.dim(formatted("  {} {}, {} {} a row", name(x.view().dtype), shape_text(x.view().shape),
                                       drawn.draws, drawn.draws == 1 ? "token" : "tokens"))
              << '\n';
  const std::int64_t lines = std::max(drawn.draws, drawn.listed);
  std::int64_t shown = drawn.rows;
  if (console.out_terminal)
    shown = std::min(shown, std::max<std::int64_t>(kTerminalLines / std::max<std::int64_t>(lines, 1), 1));
  console.out << console.dim(formatted("{:>6}  {:>10}  {:>10}  {:>8}{}", "row", "token", "logprob", "kept",
                                       drawn.listed > 0 ? "   candidate  probability" : ""))
              << '\n';
  for (std::int64_t r = 0; r < shown; ++r) {
    for (std::int64_t j = 0; j < lines; ++j) {
      const bool listed = j < drawn.listed && drawn.candidates.at(r, j) >= 0;
      if (j >= drawn.draws && !listed) break;
      std::string line = j == 0 ? formatted("{:>6}", r) : std::string(6, ' ');
      if (j < drawn.draws)
        line += formatted("  {:>10}  {:>10.4f}", drawn.tokens.at(r, j), drawn.logprobs.at(r, j));
      else
        line += std::string(24, ' ');
      line += j == 0 ? formatted("  {:>8}", drawn.kept.at(r)) : std::string(10, ' ');
      if (listed)
        line +=
            formatted("  {:>10}  {:>11.6f}", drawn.candidates.at(r, j), std::exp(drawn.candidate_logprobs.at(r, j)));
      if (j == 0 && drawn.valid.at(r) == 0) line += "  no candidate";
      console.out << line.substr(0, line.find_last_not_of(' ') + 1) << '\n';
    }
  }
  if (shown < drawn.rows)
    console.out << console.dim(formatted("... {} more rows: --json gives all", drawn.rows - shown)) << '\n';
}

void run_sample(const SampleOptions& options, Console& console) {
  constexpr std::int64_t kMostDraws = 1 << 30;
  const tk_sampling sampling = options.sampling.parse();
  const std::int64_t draws = count_of(options.draws, "--draws", 1, kMostDraws);
  const std::int64_t listed = count_of(options.candidates, "--candidates", 0, kMostDraws);
  const Tensor x = open_tensor(options.file, options.input.parse());
  const Logits logits(x);
  Drawn drawn(logits.rows(), draws, std::min(listed, logits.cols()));
  draw(logits, sampling, x.name(), drawn);
  if (options.json)
    print_json(console, x, sampling, drawn);
  else
    print_table(console, x, drawn);
}

}  // namespace

void add_sample(CLI::App& app, Console& console) {
  auto options = std::make_shared<SampleOptions>();
  CLI::App* command = app.add_subcommand("sample", "Draw tokens from rows of logits");
  command->add_option("FILE", options->file, ".npy, .safetensors or raw bytes; - is standard input")->required();
  options->sampling.add_common(*command);
  options->sampling.add_filters(*command);
  command->add_option("--draws", options->draws, "Tokens of each row, independent of each other")
      ->type_name("N")
      ->capture_default_str();
  command->add_option("--candidates", options->candidates, "Also the N likeliest of what is drawn from")
      ->type_name("N")
      ->capture_default_str();
  options->input.add_to(*command);
  command->add_flag("--json", options->json, "One JSON object");
  command->footer(
      "Examples:\n  topkit sample logits.npy --temperature 0.8 --top-k 50 --top-p 0.9 --seed 7\n"
      "  topkit sample logits.npy --draws 1000 --json");
  command->callback([options, &console] { run_sample(*options, console); });
}

}  // namespace topkit::cli
