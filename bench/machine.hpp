// Where and from what a number comes.
#pragma once

#include <string>

namespace topkit::bench {

std::string cpu_machine();  // "AMD EPYC 9R14, 2 cores, L2 1 MiB, L3 32 MiB, avx512"
std::string today();        // UTC, "2026-11-23"

}  // namespace topkit::bench
