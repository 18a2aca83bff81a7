#include "arguments.hpp"

#include <cstring>

#include "status.hpp"

namespace topkit {
namespace {

constexpr std::uintptr_t kWorkspaceAlignment = 256;

#ifdef TOPKIT_HAS_TBB
constexpr bool kOwnThreads = true;
#else
constexpr bool kOwnThreads = false;
#endif

}  // namespace

void check_device(const Tensor& tensor, const Tensor& main) {
  const bool same = tensor.device == main.device && (main.device == DeviceKind::cpu || tensor.managed || main.managed ||
                                                     tensor.device_id == main.device_id);
  if (!same)
    invalid("{} is on {}: all tensors must be on the device of {}, {}", tensor.name, device_name(tensor), main.name,
            device_name(main));
}

void check_overlaps(std::span<const Tensor> tensors) {
  for (std::size_t i = 0; i < tensors.size(); ++i)
    for (std::size_t j = 0; j < i; ++j) {
      const Tensor &a = tensors[i], &b = tensors[j];
      if ((!a.written && !b.written) || apart(a, b)) continue;
      const Tensor& output = a.written ? a : b;
      invalid("{} overlaps {}: outputs and workspace must not share memory with any other argument", output.name,
              (&output == &a ? b : a).name);
    }
}

Tensor read_workspace(const DLTensor& workspace, const Tensor& main) {
  const DLTensor& tensor = required("workspace", &workspace);
  if (tensor.dtype.code != kDLUInt || tensor.dtype.bits != 8)
    invalid("workspace.dtype = (code {}, {} bits): must be uint8", tensor.dtype.code, tensor.dtype.bits);
  Tensor t = read_tensor("workspace", tensor, Use::run);
  t.written = true;
  if (main.device == DeviceKind::cpu) {
    if (t.elements != 0) invalid("workspace: must be NULL on the CPU, where scratch is the calling thread's");
    return t;
  }
  check_device(t, main);
  if (t.elements != t.extent_bytes) invalid("workspace.strides: must be contiguous");
  return t;
}

std::uint64_t fill_bits(const void* fill, const DTypeInfo& type, bool largest) {
  if (fill == nullptr) return largest ? type.worst_of_largest : type.worst_of_smallest;
  std::uint64_t bits = 0;
  std::memcpy(&bits, fill, static_cast<std::size_t>(type.bits / 8));  // little-endian
  return bits;
}

void check_stream(const void* stream, const Tensor& main) {
  if (main.device == DeviceKind::cpu && stream != nullptr) invalid("stream: must be NULL on the CPU");
}

void check_workspace(const void* data, std::size_t bytes, std::size_t needed, std::string_view query) {
  if (needed == 0) return;
  if (data == nullptr) invalid("workspace = NULL: this call needs {} bytes ({})", needed, query);
  if (bytes < needed) invalid("workspace has {} bytes: this call needs {} ({})", bytes, needed, query);
  if (reinterpret_cast<std::uintptr_t>(data) % kWorkspaceAlignment != 0)
    invalid("workspace.data = {}: must be a multiple of {}", data, kWorkspaceAlignment);
}

Wish read_wish(const char* algorithm, const char* isa, std::int32_t threads, tk_parallel_for parallel_for,
               const Tensor& main) {
  Wish wish;
  if (algorithm != nullptr) wish.algorithm = algorithm;
  if (isa != nullptr) wish.isa = isa;
  if (main.device == DeviceKind::cuda && !wish.isa.empty())
    invalid("isa = {}: names a CPU instruction set, but {} is on CUDA", wish.isa, main.name);
  wish.threads = threads;
  wish.has_threads = parallel_for != nullptr || kOwnThreads;
  return wish;
}

}  // namespace topkit
