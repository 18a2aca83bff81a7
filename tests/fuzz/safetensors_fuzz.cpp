// Any bytes as a .safetensors: refused with a sentence, or views that lie inside them.
#include <cstdint>

#include "cli/safetensors.hpp"
#include "fuzz/view_inside.hpp"
#include "status.hpp"

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace topkit;
  const std::span<const std::byte> bytes{reinterpret_cast<const std::byte*>(data), size};
  std::vector<cli::SafeTensor> tensors;
  try {
    tensors = cli::list_safetensors(bytes, "fuzz");
  } catch (const Failure&) {
    return 0;
  }
  for (const cli::SafeTensor& tensor : tensors) {
    try {
      fuzz::expect_inside(cli::read_safetensors(bytes, "fuzz", tensor.name), size);
    } catch (const Failure&) {
    }
  }
  return 0;
}
