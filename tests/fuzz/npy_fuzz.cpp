// Any bytes as a .npy: refused with a sentence, or a view that lies inside them.
#include <cstdint>

#include "cli/npy.hpp"
#include "fuzz/view_inside.hpp"
#include "status.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace topkit;
  const std::span<const std::byte> bytes{reinterpret_cast<const std::byte*>(data), size};
  for (const std::optional<DType> wish : {std::optional<DType>{}, {DType::bf16}, {DType::f8e4m3}}) {
    try {
      fuzz::expect_inside(cli::read_npy(bytes, "fuzz", wish), size);
    } catch (const Failure&) {
    }
  }
  return 0;
}
