// The options and outputs of the sampling operations of any version, read into this version's, with every scalar in range.
#pragma once

#include "topkit/sampling.h"

namespace topkit {

// NULL: the defaults.
tk_sampling read_sampling(const tk_sampling* options);

tk_sampled read_sampled(const tk_sampled* out);
tk_logprobs read_logprobs(const tk_logprobs* logprobs);

}  // namespace topkit
