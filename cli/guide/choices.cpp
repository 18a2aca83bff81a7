#include "cli/guide/choices.hpp"

#include <algorithm>
#include <array>
#include <limits>
#include <map>
#include <span>

#include "cli/guide/charts.hpp"
#include "plan.hpp"
#include "text.hpp"

namespace topkit::cli::guide {
namespace {

constexpr std::int64_t kMostElements = std::int64_t{1} << 31;
constexpr std::size_t kLeastShare = 400;  // a leaf of less than one in so many of the grid is not asked further

struct Feature {
  const char* name;
  double (*of)(const Problem&);
};
constexpr std::array<Feature, 4> kFeatures{{
    {"k", [](const Problem& p) { return static_cast<double>(p.k); }},
    {"columns", [](const Problem& p) { return static_cast<double>(p.cols); }},
    {"columns / k", [](const Problem& p) { return static_cast<double>(p.cols) / static_cast<double>(p.k); }},
    {"rows", [](const Problem& p) { return static_cast<double>(p.rows); }},
}};

using Counts = std::array<std::size_t, kAlgorithms>;

double impurity(const Counts& counts, std::size_t total) {
  double squares = 0;
  for (const std::size_t count : counts) squares += static_cast<double>(count) * static_cast<double>(count);
  return static_cast<double>(total) - squares / static_cast<double>(total);
}

struct Split {
  int feature = -1;
  double limit = 0, cost = std::numeric_limits<double>::infinity();
};

void sort_by(std::span<const Choice*> part, const Feature& feature) {
  std::stable_sort(part.begin(), part.end(),
                   [&](const Choice* a, const Choice* b) { return feature.of(a->problem) < feature.of(b->problem); });
}

Split best_split(std::span<const Choice*> part, const Counts& all) {
  Split best;
  for (std::size_t f = 0; f < kFeatures.size(); ++f) {
    const Feature& feature = kFeatures[f];
    sort_by(part, feature);
    Counts left{}, right = all;
    for (std::size_t i = 0; i + 1 < part.size(); ++i) {
      ++left[static_cast<std::size_t>(part[i]->algorithm)];
      --right[static_cast<std::size_t>(part[i]->algorithm)];
      const double value = feature.of(part[i]->problem);
      if (value == feature.of(part[i + 1]->problem)) continue;
      const double cost = impurity(left, i + 1) + impurity(right, part.size() - i - 1);
      if (cost < best.cost - 1e-9) best = {.feature = static_cast<int>(f), .limit = value, .cost = cost};
    }
  }
  return best;
}

// Why the algorithm was chosen in most of them.
std::string_view usual_reason(std::span<const Choice*> part, Algorithm algorithm) {
  std::map<std::string_view, int> reasons;
  for (const Choice* choice : part)
    if (choice->algorithm == algorithm) ++reasons[choice->why];
  return std::max_element(reasons.begin(), reasons.end(),
                          [](const auto& a, const auto& b) { return a.second < b.second; })
      ->first;
}

Node grow(std::span<const Choice*> part, std::size_t least) {
  Counts counts{};
  for (const Choice* choice : part) ++counts[static_cast<std::size_t>(choice->algorithm)];
  const auto most = std::max_element(counts.begin(), counts.end());
  Node node;
  node.algorithm = static_cast<Algorithm>(most - counts.begin());
  node.count = part.size();
  node.agreeing = *most;
  node.why = usual_reason(part, node.algorithm);
  if (node.agreeing == node.count || node.count - node.agreeing < least) return node;
  const Split split = best_split(part, counts);
  if (split.feature < 0 || split.cost >= impurity(counts, part.size()) - 1e-9) return node;
  const Feature& feature = kFeatures[static_cast<std::size_t>(split.feature)];
  sort_by(part, feature);
  const auto middle = std::find_if(part.begin(), part.end(),
                                   [&](const Choice* choice) { return feature.of(choice->problem) > split.limit; });
  const auto size = static_cast<std::size_t>(middle - part.begin());
  node.feature = split.feature;
  node.limit = split.limit;
  node.left = std::make_unique<Node>(grow(part.first(size), least));
  node.right = std::make_unique<Node>(grow(part.subspan(size), least));
  return node;
}

void count_leaves(const Node& node, std::size_t& all, std::size_t& agreeing) {
  if (!node.leaf()) {
    count_leaves(*node.left, all, agreeing);
    count_leaves(*node.right, all, agreeing);
    return;
  }
  all += node.count;
  agreeing += node.agreeing;
}

}  // namespace

std::vector<Choice> choices_on(const Device& device) {
  std::vector<Choice> found;
  for (const std::int64_t rows : {1, 4, 32, 128, 512, 4096, 65536})
    for (std::int64_t cols = 64; cols <= (1 << 24) && rows * cols <= kMostElements; cols *= 2)
      for (std::int64_t k = 1; k <= cols; k *= 2) {
        Problem p;
        p.device = device.kind;
        p.rows = rows;
        p.cols = cols;
        p.k = k;
        p.layout.outer_stride = cols;
        const Plan plan = choose(p, device, built_in_tuning(), {.threads = device.kind == DeviceKind::cpu ? 1 : 0});
        found.push_back({.problem = p, .algorithm = plan.algorithm, .why = plan.why});
      }
  return found;
}

const Node& Node::find(const Problem& problem) const {
  if (leaf()) return *this;
  const double value = kFeatures[static_cast<std::size_t>(feature)].of(problem);
  return (value <= limit ? left : right)->find(problem);
}

Node tree_of(const std::vector<Choice>& choices) {
  std::vector<const Choice*> all;
  all.reserve(choices.size());
  for (const Choice& choice : choices) all.push_back(&choice);
  return grow(all, choices.size() / kLeastShare);
}

double agreement(const Node& tree) {
  std::size_t all = 0, agreeing = 0;
  count_leaves(tree, all, agreeing);
  return all == 0 ? 1 : static_cast<double>(agreeing) / static_cast<double>(all);
}

std::string question(const Node& node, bool left) {
  const Feature& feature = kFeatures[static_cast<std::size_t>(node.feature)];
  return formatted("{} {} {}", feature.name, left ? "at most" : "above",
                   whole_text(static_cast<std::int64_t>(node.limit)));
}

}  // namespace topkit::cli::guide
