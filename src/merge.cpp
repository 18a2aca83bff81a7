#include "merge.hpp"

#include "arguments.hpp"
#include "cpu/merge.hpp"
#include "cuda/engine.hpp"
#include "cuda/merge_shape.hpp"
#include "device.hpp"
#include "status.hpp"

namespace topkit {
namespace {

cuda::MergeShape shape_of(const MergeCall& call) { return cuda::merge_shape(call.args, cuda_device(call.ordinal)); }

}  // namespace

std::size_t merge_workspace(const MergeCall& call) {
  return call.args.device == DeviceKind::cpu ? 0 : shape_of(call).workspace_bytes;
}

void merge(const MergeCall& call) {
  const MergeArgs& args = call.args;
  if (args.device == DeviceKind::cpu) {
    if (args.rows > 0 && args.k > 0) cpu::merge(args, call.threads, call.pool);
    return;
  }
  const cuda::MergeShape shape = shape_of(call);
  check_workspace(call.workspace, call.workspace_bytes, shape.workspace_bytes, "tk_merge_topk_workspace");
  if (args.rows == 0 || args.k == 0) return;
  const char* message = cuda::engine().merge(shape, args, call.ordinal, call.workspace, call.stream);
  if (message != nullptr && *message != '\0') fail(TK_DEVICE_ERROR, "CUDA: {}", message);
}

}  // namespace topkit
