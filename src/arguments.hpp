// What every operation asks of its tensors together: one device, no output over another argument, a workspace that will do.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

#include "plan.hpp"
#include "tensor.hpp"
#include "topkit/topkit.h"

namespace topkit {

// The tensors of one call, the main input first.
template <std::size_t kMost>
class Tensors {
 public:
  Tensor& add(const Tensor& tensor) { return all_[count_++] = tensor; }
  const Tensor& main() const { return all_[0]; }
  std::span<const Tensor> all() const { return {all_.data(), count_}; }

 private:
  std::array<Tensor, kMost> all_;
  std::size_t count_ = 0;
};

void check_device(const Tensor& tensor, const Tensor& main);

// Tensors that are written share no memory with any other.
void check_overlaps(std::span<const Tensor> tensors);

// Workspace and stream of a call whose main input is given. On the CPU there is neither.
Tensor read_workspace(const DLTensor& workspace, const Tensor& main);
void check_stream(const void* stream, const Tensor& main);

// Both, of the request into the call, when the main input is among the tensors.
template <class Request, class Call, std::size_t kMost>
void read_scratch(const Request& request, Call& call, Tensors<kMost>& tensors) {
  check_stream(request.stream, tensors.main());
  call.stream = request.stream;
  if (request.workspace == nullptr) return;
  const Tensor& t = tensors.add(read_workspace(*request.workspace, tensors.main()));
  if (t.device == DeviceKind::cpu) return;
  call.workspace = t.data;
  call.workspace_bytes = static_cast<std::size_t>(t.extent_bytes);
}

// Raw bits of the value of an empty place. fill: one element, or null for the worst of the type.
std::uint64_t fill_bits(const void* fill, const DTypeInfo& type, bool largest);

// After the plan is known: the workspace is there, large enough and aligned. `query` is the function that tells the size.
void check_workspace(const void* data, std::size_t bytes, std::size_t needed, std::string_view query);

// The last five fields of every options struct.
Wish read_wish(const char* algorithm, const char* isa, std::int32_t threads, tk_parallel_for parallel_for,
               const Tensor& main);

}  // namespace topkit
