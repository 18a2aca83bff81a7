#include "parallel.hpp"

#ifdef TOPKIT_HAS_TBB
#include <oneapi/tbb/blocked_range.h>
#include <oneapi/tbb/parallel_for.h>
#include <oneapi/tbb/partitioner.h>
#include <oneapi/tbb/task_arena.h>
#endif

namespace topkit::cpu {

void run_workers(int workers, const Pool& pool, void (*body)(void* context, int worker), void* context) {
  struct Call {
    void (*body)(void*, int);
    void* context;
  } call{body, context};
  if (workers > 1 && pool.run != nullptr) {
    pool.run(
        pool.context, workers,
        [](void* arg, std::int64_t index) {
          const Call& c = *static_cast<Call*>(arg);
          c.body(c.context, static_cast<int>(index));
        },
        &call);
    return;
  }
#ifdef TOPKIT_HAS_TBB
  if (workers > 1) {
    // As many chunks as workers bound the threads in use. Isolated: a thread that waits here must not start on the host
    // program's own tasks.
    tbb::this_task_arena::isolate([&] {
      tbb::parallel_for(
          tbb::blocked_range<int>(0, workers, 1),
          [&](const tbb::blocked_range<int>& range) {
            for (int worker = range.begin(); worker < range.end(); ++worker) call.body(call.context, worker);
          },
          tbb::simple_partitioner());
    });
    return;
  }
#endif
  for (int worker = 0; worker < workers; ++worker) call.body(call.context, worker);
}

}  // namespace topkit::cpu
