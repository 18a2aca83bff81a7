// The same selection on the GPU: pieces are copied there and their winners back.
#pragma once

#include <cstddef>

#include "cli/select.hpp"

namespace topkit::cli {

// As select(); the seconds include the copies. Throws Failure when there is no CUDA engine, driver or device.
double cuda_select(const Task& task, std::byte* values, std::byte* indices, Progress& progress);

}  // namespace topkit::cli
