// run_radix_rows() of kernels.hpp with two rows a block, however few they are.
#pragma once

#include "kernels.hpp"

namespace topkit::cuda {

// Of 16-bit types whose lists are short enough; others have a block a row. topk_radix_rows.cu
void run_radix_pairs(const Args& args, const RadixResident& shape, void* stream);

}  // namespace topkit::cuda
