// What the library's own choice is over a grid of problems, and the shortest questions that lead to it.
#pragma once

#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "algorithms.hpp"
#include "device.hpp"

namespace topkit::cli::guide {

struct Choice {
  Problem problem;
  Algorithm algorithm;
  std::string_view why;
};

// f32, best first, one thread; rows 1..65536, columns 64..2^24, k up to the columns: powers of two.
std::vector<Choice> choices_on(const Device& device);

// A question with two answers, or a leaf.
struct Node {
  // Of a question: problems with feature <= limit go left.
  int feature = -1;
  double limit = 0;
  std::unique_ptr<Node> left, right;
  // Of a leaf: the most frequent choice, and how many of the grid's problems it holds.
  Algorithm algorithm{};
  std::string_view why;
  std::size_t count = 0, agreeing = 0;

  bool leaf() const { return feature < 0; }
  const Node& find(const Problem& problem) const;  // the leaf
};

// Learnt from the choices (CART: Breiman et al. 1984, by Gini impurity).
Node tree_of(const std::vector<Choice>& choices);

// The share of the choices that the tree answers as choose() does.
double agreement(const Node& tree);

// "k is at most 64", and the opposite.
std::string question(const Node& node, bool left);

}  // namespace topkit::cli::guide
