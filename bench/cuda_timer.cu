#include <algorithm>

#include "cuda_timer.hpp"

namespace topkit::bench {
namespace {

__global__ void empty() {}

__global__ void spin(unsigned long long ns) {
  unsigned long long start = 0, now = 0;
  asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(start));
  do asm volatile("mov.u64 %0, %%globaltimer;" : "=l"(now));
  while (now - start < ns);
}

// How long the host may need to hand over a graph: while it does the GPU spins, so that no gap falls between the events.
unsigned long long hand_over_ns(std::size_t nodes) { return 200'000 + 1000 * static_cast<unsigned long long>(nodes); }

}  // namespace

CallGraph::CallGraph(cudaStream_t stream, int calls, const std::function<void(int)>& launch) : calls_(calls) {
  check(cudaStreamBeginCapture(stream, cudaStreamCaptureModeThreadLocal), "cudaStreamBeginCapture");
  cudaGraph_t graph = nullptr;
  try {
    for (int i = 0; i < calls; ++i) launch(i);
  } catch (...) {
    cudaStreamEndCapture(stream, &graph);
    if (graph != nullptr) cudaGraphDestroy(graph);
    cudaGetLastError();
    throw;
  }
  check(cudaStreamEndCapture(stream, &graph), "cudaStreamEndCapture");
  const cudaError_t counted = cudaGraphGetNodes(graph, nullptr, &nodes_);
  const cudaError_t made = cudaGraphInstantiate(&graph_, graph, 0);
  cudaGraphDestroy(graph);
  check(counted, "cudaGraphGetNodes");
  check(made, "cudaGraphInstantiate");
  check(cudaGraphUpload(graph_, stream), "cudaGraphUpload");
}

CallGraph::~CallGraph() { cudaGraphExecDestroy(graph_); }

double CudaTimer::call_us(const CallGraph& graph, cudaStream_t stream) {
  spin<<<1, 1, 0, stream>>>(hand_over_ns(graph.nodes()));
  check(cudaGetLastError(), "the kernel that waits");
  start_.record(stream);
  graph.replay(stream);
  stop_.record(stream);
  return stop_.us_since(start_) / graph.calls();
}

double empty_kernel_us(cudaStream_t stream) {
  constexpr int kCalls = 400;
  const CallGraph graph(stream, kCalls, [&](int) { empty<<<1, 32, 0, stream>>>(); });
  CudaTimer timer;
  double best = timer.call_us(graph, stream);
  for (int i = 0; i < 5; ++i) best = std::min(best, timer.call_us(graph, stream));
  return best;
}

}  // namespace topkit::bench
