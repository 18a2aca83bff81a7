#include <CLI/CLI.hpp>
#include <algorithm>
#include <cmath>
#include <limits>
#include <memory>
#include <ostream>
#include <random>
#include <string>
#include <string_view>
#include <vector>

#include "cli/demo/clock.hpp"
#include "cli/demo/demos.hpp"
#include "cli/demo/passage.hpp"
#include "cli/error.hpp"
#include "topkit/sampling.hpp"

namespace topkit::cli::demo {
namespace {

constexpr std::size_t kLineWidth = 100;
constexpr std::int64_t kBest = 8;
constexpr int kTimed = 5;

struct TextOptions {
  std::string prompt = "It is a truth universally acknowledged, that";
  std::string model = "model/austen.safetensors";
  std::int64_t tokens = 60;
  Filters filters;
  std::uint64_t seed = 16;
};

SampleOptions as_options(const Filters& filters) {
  return {.temperature = filters.temperature, .top_k = filters.top_k, .top_p = filters.top_p};
}

// Lines of at most kLineWidth, broken at blanks, indented by two; a paragraph's end ends its line.
std::string wrapped(std::string_view text) {
  std::string lines, line;
  const auto end_line = [&] {
    lines += line.empty() ? "" : "  " + line + "\n";
    line.clear();
  };
  while (!text.empty()) {
    const std::size_t end = std::min(text.find_first_of(" \n"), text.size());
    const std::string_view word = text.substr(0, end);
    if (line.size() + 1 + word.size() > kLineWidth - 2) end_line();
    if (!line.empty() && !word.empty()) line += ' ';
    line += word;
    if (end < text.size() && text[end] == '\n') end_line();
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  end_line();
  return lines;
}

std::string rules_text(const Filters& filters, std::uint64_t seed) {
  if (filters.temperature == 0) return "The likeliest token each time (temperature 0)";
  return formatted("Drawn (temperature {}, top-k {}, top-p {}, seed {})", filters.temperature, filters.top_k,
                   filters.top_p, seed);
}

// The best candidates of a step, by what the model gives them and by what is left of them when it is drawn.
void show_candidates(Console& console, const Gpt& gpt, const Passage& passage, const Filters& filters) {
  const auto best = topkit::topn_logprobs<std::int32_t>(passage.row(0), kBest);
  const std::vector<float> drawn_with = topkit::probabilities(passage.row(0), as_options(filters));
  const auto kept = std::count_if(drawn_with.begin(), drawn_with.end(), [](float share) { return share > 0; });
  console.out << '\n'
              << console.bold(formatted("The first draw was from {} of {} tokens", kept, passage.cols)) << '\n'
              << "   probability  drawn with  token\n";
  for (std::size_t j = 0; j < best.ids.size(); ++j) {
    const std::int32_t token = best.ids[j];
    const double of_model = std::exp(static_cast<double>(best.logprobs[j]));
    console.out << formatted("  {:>10.2f} %  {:>8.2f} %  {}{}\n", 100 * of_model,
                             100 * drawn_with[static_cast<std::size_t>(token)], quote(gpt.vocabulary.text(token)),
                             token == passage.tokens[0] ? "  <- drawn" : "");
  }
}

void compare(Console& console, const Passage& passage, const Filters& filters, std::uint64_t seed) {
  double ours = std::numeric_limits<double>::max(), theirs = ours;
  Straightforward straightforward;
  std::mt19937_64 random(seed);
  std::vector<std::int64_t> kept_by_us, kept_by_them;
  for (int round = 0; round < kTimed; ++round) {
    kept_by_us.clear(), kept_by_them.clear();
    ours = std::min(ours, seconds([&] {
                      SampleOptions options = as_options(filters);
                      options.seed = seed;
                      options.kept = true;
                      for (std::int64_t r = 0; r < passage.rows(); ++r) {
                        options.position = static_cast<std::uint64_t>(r);
                        kept_by_us.push_back(topkit::sample(passage.row(r), options).kept[0]);
                      }
                    }));
    theirs = std::min(
        theirs, seconds([&] {
          for (std::int64_t r = 0; r < passage.rows(); ++r) {
            straightforward.draw({passage.row(r).data, static_cast<std::size_t>(passage.cols)}, filters, random);
            kept_by_them.push_back(straightforward.kept());
          }
        }));
  }
  std::int64_t same = 0;
  for (std::size_t r = 0; r < kept_by_us.size(); ++r) same += kept_by_us[r] == kept_by_them[r] ? 1 : 0;
  const auto line = [&](std::string_view what, double time) {
    console.out << formatted("  {:<38} {:>8.1f} us  {:>6.1f} x\n", what,
                             time * 1e6 / static_cast<double>(passage.rows()), theirs / time);
  };
  console.out << '\n'
              << console.bold(formatted("From {} logits to a token (mean of these {} draws, best of {} rounds)",
                                        passage.cols, passage.rows(), kTimed))
              << '\n';
  line("topkit", ours);
  line("softmax, sort, cumulative sum, draw", theirs);
  console.out << formatted("  Both draw from as many candidates in {} of {} draws.\n", same, passage.rows());
}

void write_text(const TextOptions& options, Console& console) {
  if (options.tokens < 1) invalid("--tokens = {}: must be at least 1", options.tokens);
  if (!(options.filters.temperature > 0))
    invalid("--temperature = {}: must be above 0; the first text is that of 0", options.filters.temperature);
  if (options.prompt.empty()) invalid("PROMPT = {}: must have a character", quote(options.prompt));
  const Gpt gpt = read_gpt(options.model);
  const std::vector<std::int32_t> prompt = gpt.vocabulary.encode(options.prompt);
  if (static_cast<std::int64_t>(prompt.size()) > gpt.context())
    invalid("PROMPT = {}: has {} tokens, at most {} fit", quote(options.prompt), prompt.size(), gpt.context());
  Filters greedy = options.filters;
  greedy.temperature = 0;
  const Passage likeliest = write_on(gpt, prompt, options.tokens, greedy, options.seed);
  const Passage drawn = write_on(gpt, prompt, options.tokens, options.filters, options.seed);
  console.out << formatted("A GPT of {:.1f} million numbers, which has read Jane Austen's novels, goes on from {}\n",
                           static_cast<double>(gpt.parameters()) * 1e-6, quote(options.prompt));
  const auto show_text = [&](const Filters& filters, const Passage& passage) {
    console.out << '\n'
                << console.bold(rules_text(filters, options.seed)) << '\n'
                << wrapped(text_of(gpt.vocabulary, passage.tokens));
  };
  show_text(greedy, likeliest);
  show_text(options.filters, drawn);
  show_candidates(console, gpt, drawn, options.filters);
  compare(console, drawn, options.filters, options.seed);
}

}  // namespace

void add_text(CLI::App& app, Console& console) {
  auto options = std::make_shared<TextOptions>();
  CLI::App* command = app.add_subcommand("text", "Write text with a small GPT, and time the draws of its tokens");
  command->add_option("PROMPT", options->prompt, "What the text begins with")->capture_default_str();
  command
      ->add_option("--tokens", options->tokens, "How many to write")

      ->capture_default_str();
  command
      ->add_option("--temperature", options->filters.temperature, "Above 0: flatter the higher")

      ->capture_default_str();
  command->add_option("--top-k", options->filters.top_k, "Draw from so many of the best; 0 is all")
      ->capture_default_str();
  command->add_option("--top-p", options->filters.top_p, "Draw from the best that have this share")
      ->capture_default_str();
  command->add_option("--seed", options->seed, "The same seed draws the same text")->capture_default_str();
  command->add_option("--model", options->model, "A file that model/train.py has written")
      ->type_name("FILE")
      ->capture_default_str();
  command->footer(
      "Run it in topkit's source folder, where the model is.\nExample:\n  topkit demo text \"Mr. Darcy\" --seed 3");
  command->callback([options, &console] {
    try {
      write_text(*options, console);
    } catch (const Error& error) {
      throw Failure(error.status(), error.what());
    }
  });
}

}  // namespace topkit::cli::demo
