// The two halves of choose(), one a device kind.
#pragma once

#include "algorithms.hpp"
#include "plan.hpp"

namespace topkit {

Plan choose_cpu(const Problem& problem, const Device& device, const Tuning& tuning, const Wish& wish);
Plan choose_cuda(const Problem& problem, const Device& device, const Tuning& tuning, const Wish& wish);

// The instruction set of the wish, or the best one of the device; fails when it is unknown or not there.
Isa pick_isa(const Device& device, std::string_view wish);

const CpuTuning& tuning_of(const Tuning& tuning, Isa isa);

// The forced algorithm of the wish, which can solve the problem; fails with the names, or with what it needs.
Algorithm wished_algorithm(const Problem& problem, const Wish& wish);

}  // namespace topkit
