// From a logit to z and to y, one element (or one vector of them) at a time, in the order that args.hpp fixes: cast to f32,
// soft_cap, + bias, candidate.
#pragma once

#include "math.hpp"

namespace topkit::sampling {

// cap > 0, inv_cap = 1 / cap in f32.
template <class O>
constexpr typename O::F soft_cap(typename O::F z, typename O::F cap, typename O::F inv_cap) {
  return O::Mul(cap, tanh<O>(O::Mul(z, inv_cap)));
}

// NaN becomes -inf and +inf the largest number, so that no difference of two z is NaN.
template <class O>
constexpr typename O::F candidate(typename O::F z) {
  const auto most = O::Set(3.40282347e38F), least = O::Set(-__builtin_inff());
  const auto number = O::If(O::Lt(least, z), z, least);
  return O::If(O::Lt(number, most), number, most);
}

// y; c is the row's.
template <class O>
constexpr typename O::F exponent(typename O::F z, typename O::F z_max, typename O::F c) {
  return O::Mul(O::Sub(z, z_max), c);
}

}  // namespace topkit::sampling
