#include "floor_kernel.hpp"

namespace topkit::bench {

using Vector [[gnu::vector_size(32)]] = std::int32_t;

std::int32_t stream_max_avx2(const std::byte* data, std::int64_t rows, std::int64_t row_bytes) {
  return stream_max_kernel<Vector>(data, rows, row_bytes);
}

}  // namespace topkit::bench
