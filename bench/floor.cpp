#include "floor.hpp"

#include "device.hpp"
#include "floor_kernel.hpp"

namespace topkit::bench {

std::int32_t stream_max(const void* data, std::int64_t rows, std::int64_t row_bytes) {
  const auto* bytes = static_cast<const std::byte*>(data);
#if defined(__x86_64__)
  if (cpu_device().has(Isa::avx512)) return stream_max_avx512(bytes, rows, row_bytes);
  if (cpu_device().has(Isa::avx2)) return stream_max_avx2(bytes, rows, row_bytes);
#endif
  return stream_max_base(bytes, rows, row_bytes);
}

}  // namespace topkit::bench
