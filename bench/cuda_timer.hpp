// Time on the GPU: a CUDA graph of many calls in a row, replayed between two events.
#pragma once

#include <functional>

#include "cuda_memory.hpp"

namespace topkit::bench {

// launch(0) .. launch(calls - 1), captured from `stream`. Throws what launch throws; the capture is ended then too.
class CallGraph {
 public:
  CallGraph(cudaStream_t stream, int calls, const std::function<void(int)>& launch);
  CallGraph(const CallGraph&) = delete;
  CallGraph& operator=(const CallGraph&) = delete;
  ~CallGraph();

  int calls() const { return calls_; }
  std::size_t nodes() const { return nodes_; }  // of the graph: calls times the launches of one
  void replay(cudaStream_t stream) const { check(cudaGraphLaunch(graph_, stream), "cudaGraphLaunch"); }

 private:
  cudaGraphExec_t graph_ = nullptr;
  int calls_;
  std::size_t nodes_ = 0;
};

class CudaTimer {
 public:
  // Microseconds a call. What is enqueued on the stream before, such as a flush of the cache, is not in them.
  double call_us(const CallGraph& graph, cudaStream_t stream);

 private:
  CudaEvent start_, stop_;
};

// What a kernel costs that does nothing, measured in the same way.
double empty_kernel_us(cudaStream_t stream);

}  // namespace topkit::bench
