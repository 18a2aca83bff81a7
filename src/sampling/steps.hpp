// From a logit to z, one element (or one vector of them) at a time, in the order that args.hpp fixes.
#pragma once

#include "math.hpp"

namespace topkit::sampling {

// cap > 0, inv_cap = 1 / cap in f32.
template <class O>
constexpr typename O::F soft_cap(typename O::F z, typename O::F cap, typename O::F inv_cap) {
  return O::mul(cap, tanh<O>(O::mul(z, inv_cap)));
}

// The last step: what is forbidden or NaN becomes -inf, +inf the largest number, so that no difference of two z is NaN.
template <class O>
constexpr typename O::F candidate(typename O::F z, typename O::M allowed) {
  const auto most = O::set(3.40282347e38F), least = O::set(-__builtin_inff());
  const auto capped = O::select(O::less(z, most), z, O::select(O::less_equal(most, z), most, least));
  return O::select(allowed, capped, least);
}

// y of args.hpp; c is the row's.
template <class O>
constexpr typename O::F exponent(typename O::F z, typename O::F z_max, typename O::F c) {
  return O::mul(O::sub(z, z_max), c);
}

}  // namespace topkit::sampling
