#include <CLI/CLI.hpp>
#include <algorithm>
#include <array>
#include <limits>
#include <memory>
#include <ostream>
#include <string>
#include <utility>
#include <vector>

#include "cli/demo/clock.hpp"
#include "cli/demo/demos.hpp"
#include "cli/demo/meaning_vectors.hpp"
#include "cli/demo/wordnet.hpp"
#include "cli/error.hpp"
#include "cli/select.hpp"

namespace topkit::cli::demo {
namespace {

constexpr std::int64_t kQueries = 256;  // selected from and timed; the first of them are shown
constexpr std::int64_t kShown = 10;
constexpr std::int64_t kK = kShown + 1;  // a meaning is its own nearest
constexpr int kRounds = 7;

struct WordsOptions {
  std::vector<std::string> words{"violin", "volcano", "democracy", "sourdough", "penguin"};
  std::string data = "/usr/share/wordnet";
};

struct Winner {
  float score;
  std::int32_t index;
  friend bool operator==(const Winner&, const Winner&) = default;
};

// rows x cols scores and the k best of each row.
struct Search {
  std::int64_t rows, cols;
  std::vector<float> scores;
  std::vector<Winner> winners = std::vector<Winner>(static_cast<std::size_t>(rows * kK));

  const float* row(std::int64_t r) const { return scores.data() + r * cols; }
};

void select_by_topkit(Search& search, int threads) {
  std::vector<float> values(search.winners.size());
  std::vector<std::int32_t> indices(search.winners.size());
  std::array<std::int64_t, 2> shape{search.rows, search.cols}, out{search.rows, kK};
  const DLDataType f32{kDLFloat, 32, 1}, i32{kDLInt, 32, 1};
  const DLTensor x{search.scores.data(), {kDLCPU, 0}, 2, f32, shape.data(), nullptr, 0};
  DLTensor v{values.data(), {kDLCPU, 0}, 2, f32, out.data(), nullptr, 0};
  DLTensor i{indices.data(), {kDLCPU, 0}, 2, i32, out.data(), nullptr, 0};
  tk_options options;
  tk_options_init(&options);
  options.threads = threads;
  expect_ok(tk_topk(&x, kK, &options, &v, &i, nullptr, nullptr), "demo words");
  for (std::size_t j = 0; j < search.winners.size(); ++j) search.winners[j] = {values[j], indices[j]};
}

// What one writes without a library: pairs, and the k best of them in front.
void select_by_partial_sort(Search& search) {
  std::vector<Winner> pairs(static_cast<std::size_t>(search.cols));
  for (std::int64_t r = 0; r < search.rows; ++r) {
    for (std::int64_t c = 0; c < search.cols; ++c)
      pairs[static_cast<std::size_t>(c)] = {search.row(r)[c], static_cast<std::int32_t>(c)};
    std::partial_sort(pairs.begin(), pairs.begin() + kK, pairs.end(), [](const Winner& a, const Winner& b) {
      return a.score != b.score ? a.score > b.score : a.index < b.index;
    });
    std::copy_n(pairs.begin(), kK, search.winners.begin() + r * kK);
  }
}

std::string shortened(const std::string& text, std::size_t most) {
  if (text.size() <= most) return text;
  const std::size_t space = text.rfind(' ', most - 3);
  return text.substr(0, space == std::string::npos ? most - 3 : space) + "...";
}

void show(Console& console, const WordNet& net, const Search& search, std::int64_t row, std::int32_t query) {
  const Meaning& asked = net.meanings[static_cast<std::size_t>(query)];
  console.out << '\n' << console.bold(asked.words) << console.dim(": " + shortened(asked.definition, 90)) << '\n';
  std::int64_t shown = 0;
  for (std::int64_t j = 0; j < kK && shown < kShown; ++j) {
    const Winner& winner = search.winners[static_cast<std::size_t>(row * kK + j)];
    if (winner.index == query) continue;
    const Meaning& meaning = net.meanings[static_cast<std::size_t>(winner.index)];
    console.out << formatted("  {:.3f}  {:<28} {}\n", winner.score, shortened(meaning.words, 28),
                             console.dim(shortened(meaning.definition, 80)));
    ++shown;
  }
}

// The words asked for, then meanings spread evenly over all.
std::vector<std::int32_t> make_queries(const WordsOptions& options, const WordNet& net) {
  std::vector<std::int32_t> queries;
  for (const std::string& word : options.words) {
    const std::int32_t place = net.find(word);
    if (place < 0) invalid("WORD = {}: WordNet has no such noun", quote(word));
    queries.push_back(place);
  }
  const auto size = static_cast<std::int64_t>(net.meanings.size());
  for (std::int64_t i = static_cast<std::int64_t>(queries.size()); i < kQueries; ++i)
    queries.push_back(static_cast<std::int32_t>(i * size / kQueries));
  return queries;
}

void compare(Console& console, Search& search) {
  const double gigabytes = static_cast<double>(search.rows * search.cols) * 4e-9;
  double all = std::numeric_limits<double>::max(), one = all, sorted = all;
  std::vector<Winner> ours;
  for (int round = 0; round < kRounds; ++round) {
    one = std::min(one, seconds([&] { select_by_topkit(search, 1); }));
    all = std::min(all, seconds([&] { select_by_topkit(search, 0); }));
    ours = search.winners;
    sorted = std::min(sorted, seconds([&] { select_by_partial_sort(search); }));
    if (search.winners != ours) fail(TK_INTERNAL, "demo words: topkit and std::partial_sort disagree");
  }
  const auto line = [&](std::string_view what, double time) {
    console.out << formatted("  {:<28} {:>8.1f} ms  {:>5.1f} GB/s  {:>5.1f} x\n", what, time * 1e3, gigabytes / time,
                             sorted / time);
  };
  console.out << '\n'
              << console.bold(
                     formatted("The {} best of {} scores, for {} meanings at once ({:.2f} GB, best of {} rounds)", kK,
                               search.cols, search.rows, gigabytes, kRounds))
              << '\n';
  line("topkit", all);
  line("topkit, one thread", one);
  line("std::partial_sort of pairs", sorted);
  console.out << formatted("  The same {} winners in the same order, every round.\n", search.winners.size());
}

void find_words(const WordsOptions& options, Console& console) {
  if (static_cast<std::int64_t>(options.words.size()) > kQueries)
    invalid("WORD: {} words are given, at most {} fit", options.words.size(), kQueries);
  const WordNet net = read_wordnet(options.data);
  const MeaningVectors vectors(net);
  const std::vector<std::int32_t> queries = make_queries(options, net);
  Search search{kQueries, vectors.size(), std::vector<float>(static_cast<std::size_t>(kQueries * vectors.size()))};
  for (std::int64_t r = 0; r < kQueries; ++r)
    vectors.cosines(queries[static_cast<std::size_t>(r)],
                    {search.scores.data() + r * search.cols, static_cast<std::size_t>(search.cols)});
  select_by_topkit(search, 0);
  console.out
      << console.bold(formatted("The nearest of WordNet's {} meanings", search.cols)) << '\n'
      << "A meaning is a vector of the words that define it and of the meanings above it; the score is the cosine.\n";
  for (std::size_t r = 0; r < options.words.size(); ++r)
    show(console, net, search, static_cast<std::int64_t>(r), queries[r]);
  compare(console, search);
}

}  // namespace

void add_words(CLI::App& app, Console& console) {
  auto options = std::make_shared<WordsOptions>();
  CLI::App* command =
      app.add_subcommand("words", "Find the nearest meanings of words in WordNet, and time the selection");
  command->add_option("WORD", options->words, "English nouns")->capture_default_str();
  command->add_option("--data", options->data, "Where WordNet's data.* and index.* are")
      ->type_name("FOLDER")
      ->capture_default_str();
  command->footer("WordNet is Debian's package wordnet-base.\nExample:\n  topkit demo words guitar ocean justice");
  command->callback([options, &console] { find_words(*options, console); });
}

}  // namespace topkit::cli::demo
