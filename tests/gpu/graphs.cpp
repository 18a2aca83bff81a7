// Captured into a CUDA graph from the first call on, and replayed over new contents and new lengths.
#include "graph.hpp"
#include "report.hpp"
#include "trial.hpp"

namespace topkit::gpu_test {
namespace {

void capture_and_replay(const Request& request, const std::string& algorithm, int replays, Report& report) {
  Arena arena;
  Trial trial(request);
  trial.upload(arena);
  // The call inside the capture must not allocate, so what it needs is there before.
  const std::size_t needed = trial.workspace_bytes(algorithm, arena);
  arena.workspace.reserve_dirty(needed);
  arena.stream.synchronize();
  const cudaStream_t stream = arena.stream.get();
  bool solved = false;
  const Graph graph(stream, [&] { solved = trial.enqueue(algorithm, arena, stream); });
  if (!solved) return;
  for (int i = 0; i < replays; ++i) {
    if (i > 0) trial.renew(request.seed + static_cast<std::uint64_t>(i), arena);
    trial.poison(arena, stream);
    // Between two replays the workspace may serve others, and nothing of the first may be asked of it.
    check(cudaMemsetAsync(arena.workspace.data(), kDirt, needed, stream), "cudaMemset");
    graph.launch(stream);
    const std::string trouble = trial.difference(arena);
    if (trouble.empty())
      report.pass();
    else
      report.fail(trial.name() + "\n  by " + algorithm + ", replay " + std::to_string(i) + " of a graph: " + trouble);
  }
}

}  // namespace

void test_graphs(const Options& options, Report& report) {
  for (const std::string& algorithm : cuda_algorithms()) {
    for (const auto& [rows, cols, k] :
         {std::tuple{6, 200, 7}, {6, 1000, 50}, {4, 6000, 64}, {2, 40000, 50}, {1, 200000, 100}}) {
      for (const bool ragged : {false, true}) {
        Request request{.dtype = ragged ? DType::bf16 : DType::f32, .rows = rows, .cols = cols, .k = k};
        request.lengths = request.starts = ragged;
        request.row_k = ragged;
        try {
          capture_and_replay(request, algorithm, options.reduced ? 2 : 6, report);
        } catch (const std::exception& failure) {
          report.fail("capturing " + (algorithm.empty() ? "the plan" : algorithm) + ": " + failure.what());
        }
      }
    }
  }
}

}  // namespace topkit::gpu_test
