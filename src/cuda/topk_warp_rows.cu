// Of warp: very many rows of up to 256 columns, k <= 8, a thread each.
//
// Regime: rows that fill the device, which begin and end with whole granules of 16 bytes.
// Passes over memory: one.
// Limit: instructions: some 10 an element for k = 8 where each lane of a warp does them for a row of its own.
// Ideas: those of warp_rows.cuh.
#include <cstdint>
#include <type_traits>

#include "warp_rows.cuh"

namespace topkit::cuda {

void run_warp_rows(const Args& args, Stream stream) {
  with_element(args.problem, [&](const auto& element) {
    using E = std::remove_cvref_t<decltype(element)>;
    const std::int64_t k = args.problem.k;
    if constexpr (!is_fast_element<E>) {
      start_warp_rows<E, 8, sizeof(typename E::Raw) == 4>(args, stream);
    } else if constexpr (sizeof(typename E::Raw) == 4) {
      // A word more than there are winners tells whether the words decide, or the best that was lost.
      if (k <= 2) return start_warp_rows<E, 2, true>(args, stream);
      if (k <= 5) return start_warp_rows<E, 6, false>(args, stream);
      if (k < 8) return start_warp_rows<E, 8, false>(args, stream);
      start_warp_rows<E, 8, true>(args, stream);
    } else {
      if (k == 1) return start_warp_rows<E, 1, false>(args, stream);
      if (k == 2) return start_warp_rows<E, 2, false>(args, stream);
      if (k <= 4) return start_warp_rows<E, 4, false>(args, stream);
      if (k <= 6) return start_warp_rows<E, 6, false>(args, stream);
      start_warp_rows<E, 8, false>(args, stream);
    }
  });
}

}  // namespace topkit::cuda
