// The two halves of choose(), one a device kind.
#pragma once

#include <cstdint>
#include <string_view>
#include <utility>

#include "algorithms.hpp"
#include "plan.hpp"

namespace topkit {

Plan choose_cpu(const Problem& problem, const Device& device, const Tuning& tuning, const Wish& wish);
Plan choose_cuda(const Problem& problem, const Device& device, const Tuning& tuning, const Wish& wish);

// The instruction set of the wish, or the best one of the device; fails when it is unknown or not there.
Isa pick_isa(const Device& device, std::string_view wish);

const CpuTuning& tuning_of(const Tuning& tuning, Isa isa);

inline std::int64_t row_bytes(const Problem& p) { return p.cols * bytes(p.dtype); }

// The kernel for a problem on CUDA, and why.
std::pair<Algorithm, std::string_view> pick_cuda(const Problem& problem, const Device& device,
                                                 const CudaTuning& tuning);

// The forced algorithm of the wish, which can solve the problem; fails with the names, or with what it needs.
Algorithm wished_algorithm(const Problem& problem, const Wish& wish);

}  // namespace topkit
