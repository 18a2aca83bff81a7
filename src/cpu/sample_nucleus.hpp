// Top-p over a row whose nucleus is larger than the list of its first tokens: exact, for any size, without a sort.
#pragma once

#include "sample_keep.hpp"

namespace topkit::cpu {

// Of the tokens of `all` in their order, those with less than `limit` before them; more than one, so the first is.
Kept nucleus(const SampleRow& row, const Prefix& all, std::uint64_t limit, const NucleusScratch& scratch);

}  // namespace topkit::cpu
