// The floor of a selection on the CPU: a streaming maximum over the same bytes with the widest vectors of the machine.
#pragma once

#include <cstdint>

namespace topkit::bench {

// Reads `rows` rows of `row_bytes` bytes, one after another. The result only keeps the compiler from dropping the loop.
std::int32_t stream_max(const void* data, std::int64_t rows, std::int64_t row_bytes);

}  // namespace topkit::bench
