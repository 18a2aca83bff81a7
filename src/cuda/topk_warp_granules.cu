// Of warp: very many rows of up to 64 granules of 16 bytes, k <= 16, a thread each.
//
// Regime: rows that fill the device, of whole words of 4 bytes.
// Passes over memory: one.
// Limit: instructions, some 2500 a warp for 32 rows of 100 f32, k = 10, and that shared memory holds 12 to 20 such warps.
// Ideas: those of warp_granules.cuh.
#include <cstdint>
#include <type_traits>

#include "warp_granules.cuh"

namespace topkit::cuda {

void run_warp_granules(const Args& args, Stream stream) {
  with_element(args.problem, [&](const auto& element) {
    using E = std::remove_cvref_t<decltype(element)>;
    const std::int64_t k = args.problem.k;
    constexpr bool kWide = sizeof(typename E::Raw) == 4;
    if constexpr (is_fast_element<E>) {
      // A word more than there are winners tells whether words of 32-bit types decide, or the best that was lost.
      if (k <= 8) return start_warp_granules<E, 8, kWide>(args, stream);
      if (k <= (kWide ? 10 : 12)) return start_warp_granules<E, 12, false>(args, stream);
      if (!kWide || k < 15) return start_warp_granules<E, 16, false>(args, stream);
    }
    start_warp_granules<E, 16, kWide>(args, stream);
  });
}

}  // namespace topkit::cuda
