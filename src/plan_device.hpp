// The two halves of choose(), one a device kind.
#pragma once

#include "algorithms.hpp"
#include "plan.hpp"

namespace topkit {

Plan choose_cpu(const Problem& problem, const Device& device, const Tuning& tuning, const Wish& wish);
Plan choose_cuda(const Problem& problem, const Device& device, const Tuning& tuning, const Wish& wish);

// The forced algorithm of the wish, which can solve the problem; fails with the names, or with what it needs.
Algorithm wished_algorithm(const Problem& problem, const Wish& wish);

}  // namespace topkit
