// Merging sorted candidate lists: the k best of every row over all parts, by key, then by lower id, then by part.
#pragma once

#include <cstddef>
#include <cstdint>

#include "cpu/engine.hpp"
#include "merge_args.hpp"
#include "tensor.hpp"
#include "topkit/topkit.h"

namespace topkit {

// The arguments of tk_merge_topk as they came.
struct MergeRequest {
  const DLTensor* values = nullptr;
  const DLTensor* ids = nullptr;
  std::int64_t k = 0;
  const tk_options* options = nullptr;
  const DLTensor* out_values = nullptr;
  const DLTensor* out_ids = nullptr;
  const DLTensor* workspace = nullptr;
  void* stream = nullptr;
};

// A call that may run, but for its workspace.
struct MergeCall {
  MergeArgs args;
  int threads = 0;  // of the CPU; 0: as many as pay
  cpu::Pool pool;
  int ordinal = 0;  // CUDA device
  void* workspace = nullptr;
  std::size_t workspace_bytes = 0;
  void* stream = nullptr;
};

// Use::query: shapes and options only.
MergeCall validate_merge(const MergeRequest& request, Use use);

// Bytes of workspace that the call needs.
std::size_t merge_workspace(const MergeCall& call);

// Looks at the workspace, then hands the call to the engine of its device.
void merge(const MergeCall& call);

}  // namespace topkit
