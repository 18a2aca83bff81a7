// Cluster: one row in the registers of up to 16 blocks.
//
// Regime: few rows, up to 16 * 1024 * 16 four-byte columns, k up to a few thousand; sm_90 and newer.
// Passes over memory: one. Barriers of the cluster: two, and one of arrival.
// Limit: latency: launch, one load, two barriers, the order of k candidates.
// Ideas: resident.cuh; distributed shared memory in place of global counters as in FlashInfer PR 3009.
#include <type_traits>

#include "resident_run.cuh"

namespace topkit::cuda {

void run_cluster(const Plan& plan, const Args& args, void*, Stream stream) {
  with_element(args.problem, [&](const auto& element) {
    const auto shape = resident_shape(plan, args.problem);
    const auto run = [&]<int kThreads, int kVecs>() {
      launch_resident<kThreads, kVecs, true>("topk_cluster", shape, args, element, stream);
    };
    if constexpr (!is_fast_element<std::remove_cvref_t<decltype(element)>>) {
      run.template operator()<512, 4>();
    } else {
      switch (plan.block_threads * 100 + plan.items_per_thread) {
        case 51201: return run.template operator()<512, 1>();
        case 51202: return run.template operator()<512, 2>();
        case 51204: return run.template operator()<512, 4>();
        default: return run.template operator()<512, 8>();
      }
    }
  });
}

}  // namespace topkit::cuda
