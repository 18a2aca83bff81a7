#include <CLI/CLI.hpp>
#include <algorithm>
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
#include "cli/sampling_options.hpp"

namespace topkit::cli {
namespace {

struct LogprobsOptions {
  std::string file;
  InputOptions input;
  SamplingOptions sampling;
  std::string n = "10", tokens;
  bool json = false;
};

struct Found {
  std::int64_t rows, n;
  bool looks_up;
  HostOutput<std::int64_t> ids;
  HostOutput<float> logprobs, token_logprobs, logsumexp;
  HostOutput<std::int32_t> ranks;

  Found(std::int64_t row_count, std::int64_t width, bool tokens)
      : rows(row_count),
        n(width),
        looks_up(tokens),
        ids(DType::i64, {rows, n}),
        logprobs(DType::f32, {rows, n}),
        token_logprobs(DType::f32, {rows}),
        logsumexp(DType::f32, {rows}),
        ranks(DType::i32, {rows}) {}
};

// "5,17,-1": one a row.
std::vector<std::int64_t> parse_tokens(const std::string& text, std::int64_t rows) {
  std::vector<std::int64_t> tokens;
  for (std::size_t begin = 0; begin <= text.size() && !text.empty();) {
    const std::size_t end = std::min(text.find(',', begin), text.size());
    tokens.push_back(parse_integer(std::string_view(text).substr(begin, end - begin), "--tokens"));
    begin = end + 1;
  }
  if (!tokens.empty() && static_cast<std::int64_t>(tokens.size()) != rows)
    invalid("--tokens = {}: has {} numbers, must have one for each of the {} rows", quote(text), tokens.size(), rows);
  return tokens;
}

nlohmann::ordered_json number(float value) {
  if (std::isnan(value)) return "NaN";
  if (std::isinf(value)) return value > 0 ? "Infinity" : "-Infinity";
  return std::stod(formatted("{}", value));  // the shortest decimal
}

void print_json(Console& console, const Tensor& x, const std::vector<std::int64_t>& tokens, const Found& found) {
  nlohmann::ordered_json line;
  line["file"] = x.name();
  line["dtype"] = name(x.view().dtype);
  line["shape"] = x.view().shape;
  line["rows"] = nlohmann::ordered_json::array();
  for (std::int64_t r = 0; r < found.rows; ++r) {
    nlohmann::ordered_json row;
    row["logsumexp"] = number(found.logsumexp.at(r));
    row["ids"] = nlohmann::ordered_json::array();
    row["logprobs"] = nlohmann::ordered_json::array();
    for (std::int64_t j = 0; j < found.n && found.ids.at(r, j) >= 0; ++j) {
      row["ids"].push_back(found.ids.at(r, j));
      row["logprobs"].push_back(number(found.logprobs.at(r, j)));
    }
    if (found.looks_up) {
      row["token"] = tokens[static_cast<std::size_t>(r)];
      row["token_logprob"] = number(found.token_logprobs.at(r));
      row["token_rank"] = found.ranks.at(r);
    }
    line["rows"].push_back(std::move(row));
  }
  console.out << line.dump(-1, ' ', false, nlohmann::json::error_handler_t::replace) << '\n';
}

void print_table(Console& console, const Tensor& x, const std::vector<std::int64_t>& tokens, const Found& found) {
  console.out << console.bold(quote(x.name()))
              << console.dim(formatted("  {} {}, log-probabilities", name(x.view().dtype), shape_text(x.view().shape)))
              << '\n';
  console.out << console.dim(formatted("{:>6}  {:>10}  {:>10}  {:>11}  {:>8}", "row", "token", "logprob", "probability",
                                       "rank"))
              << '\n';
  const auto print = [&](const std::string& row, std::int64_t id, float logprob, std::int64_t rank) {
    console.out << formatted("{:>6}  {:>10}  {:>10.4f}  {:>11.6f}  {:>8}\n", row, id, logprob, std::exp(logprob), rank);
  };
  for (std::int64_t r = 0; r < found.rows; ++r) {
    const auto at = static_cast<std::size_t>(r);
    std::string row = std::to_string(r);
    if (found.looks_up && tokens[at] >= 0) {
      print(row, tokens[at], found.token_logprobs.at(r), found.ranks.at(r));
      row.clear();
    }
    std::int64_t rank = 0;
    for (std::int64_t j = 0; j < found.n && found.ids.at(r, j) >= 0; ++j) {
      if (j == 0 || found.logprobs.at(r, j) < found.logprobs.at(r, j - 1)) rank = j + 1;
      print(row, found.ids.at(r, j), found.logprobs.at(r, j), rank);
      row.clear();
    }
  }
}

void run_logprobs(const LogprobsOptions& options, Console& console) {
  const tk_sampling sampling = options.sampling.parse();
  const std::int64_t n = parse_integer(options.n, "-n");
  if (n < 0) invalid("-n = {}: must not be negative", n);
  const Tensor x = open_tensor(options.file, options.input.parse());
  const Logits logits(x);
  const std::vector<std::int64_t> tokens = parse_tokens(options.tokens, logits.rows());
  HostOutput<std::int64_t> asked(DType::i64, {logits.rows()});
  std::copy(tokens.begin(), tokens.end(), asked.values.begin());
  Found found(logits.rows(), std::min(n, logits.cols()), !tokens.empty());
  tk_logprobs all;
  tk_logprobs_init(&all);
  all.ids = found.ids.dl();
  all.logprobs = found.logprobs.dl();
  all.logsumexp = found.logsumexp.dl();
  if (found.looks_up) {
    all.tokens = asked.dl();
    all.token_logprobs = found.token_logprobs.dl();
    all.token_ranks = found.ranks.dl();
  }
  const tk_status status = tk_topn_logprobs(logits.dl(), &sampling, &all, nullptr, nullptr);
  if (status != TK_OK) throw Failure(status, x.name() + ": " + tk_last_error());
  if (options.json)
    print_json(console, x, tokens, found);
  else
    print_table(console, x, tokens, found);
}

}  // namespace

void add_logprobs(CLI::App& app, Console& console) {
  auto options = std::make_shared<LogprobsOptions>();
  CLI::App* command = app.add_subcommand("logprobs", "The likeliest tokens of rows of logits, with log-probabilities");
  command->add_option("FILE", options->file, ".npy, .safetensors or raw bytes; - is standard input")->required();
  command->add_option("-n", options->n, "How many of each row")->type_name("N")->capture_default_str();
  command->add_option("--tokens", options->tokens, "A token of each row to look up, such as 5,17,-1; -1: none")
      ->type_name("IDS");
  options->sampling.add_common(*command);
  options->input.add_to(*command);
  command->add_flag("--json", options->json, "One JSON object");
  command->footer("Example:\n  topkit logprobs logits.npy -n 5 --tokens 17,3");
  command->callback([options, &console] { run_logprobs(*options, console); });
}

}  // namespace topkit::cli
