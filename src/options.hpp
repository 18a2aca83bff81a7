// tk_options of any version, read into this version's, with every scalar in range.
#pragma once

#include "topkit/topkit.h"

namespace topkit {

// NULL: the defaults. Fields that the caller's version did not have keep their default.
tk_options read_options(const tk_options* options);

}  // namespace topkit
