// std::nth_element over (value, index) pairs, then std::sort of the winners where an order is asked for: what torch does
// on the CPU for larger k.
#include "pairs.hpp"

namespace topkit::bench {

const Peer kNthElement{"std::nth_element", [](const Case& c, const void* x, void* values, std::int64_t* indices) {
                         run_pairs(c, x, values, indices, [&c](auto zero) {
                           return [&c](auto first, auto nth, auto last) {
                             if (nth != last) std::nth_element(first, nth, last, before<decltype(zero)>);
                             if (c.order == Order::value) std::sort(first, nth, before<decltype(zero)>);
                           };
                         });
                       }};

}  // namespace topkit::bench
