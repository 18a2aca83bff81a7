// The CPU engine's door for merge_topk.
#pragma once

#include "../merge_args.hpp"
#include "engine.hpp"

namespace topkit::cpu {

// threads = 0: as many as pay. Throws std::bad_alloc before anything is written.
void merge(const MergeArgs& args, int threads, const Pool& pool);

}  // namespace topkit::cpu
