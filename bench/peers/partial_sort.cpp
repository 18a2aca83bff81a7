// std::partial_sort over (value, index) pairs: what one writes first in C++, and what torch does on the CPU for k << n.
#include "pairs.hpp"

namespace topkit::bench {

const Peer kPartialSort{"std::partial_sort", [](const Case& c, const void* x, void* values, std::int64_t* indices) {
                          run_pairs(c, x, values, indices, [](auto zero) {
                            return [](auto first, auto nth, auto last) {
                              std::partial_sort(first, nth, last, before<decltype(zero)>);
                            };
                          });
                        }};

}  // namespace topkit::bench
