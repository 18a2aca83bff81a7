// Of select, what puts winners into order.
#pragma once

#include "kernels.hpp"

namespace topkit::cuda {

void run_select_sorted(const Plan& plan, const Args& args, void* stream);  // topk_select_sorted.cu

}  // namespace topkit::cuda
