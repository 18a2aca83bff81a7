// Block: one row in the registers of one block.
//
// Regime: many rows of 1k to 16k columns, k up to half of them.
// Passes over memory: one.
// Limit: bandwidth when enough blocks are resident to hide one row's tail behind the loads of others.
// Ideas: resident.cuh.
#include <type_traits>

#include "resident_run.cuh"

namespace topkit::cuda {

void run_block(const Plan& plan, const Args& args, void*, Stream stream) {
  with_element(args.problem, [&](const auto& element) {
    const auto shape = resident_shape(plan, args.problem);
    const auto run = [&]<int kThreads, int kVecs>() {
      launch_resident<kThreads, kVecs, false>("topk_block", shape, args, element, stream);
    };
    if constexpr (!is_fast_element<std::remove_cvref_t<decltype(element)>>) {
      run.template operator()<512, 4>();
    } else {
      switch (plan.block_threads * 100 + plan.items_per_thread) {
        case 12804: return run.template operator()<128, 4>();
        case 25604: return run.template operator()<256, 4>();
        case 51204: return run.template operator()<512, 4>();
        default: return run.template operator()<512, 8>();
      }
    }
  });
}

}  // namespace topkit::cuda
