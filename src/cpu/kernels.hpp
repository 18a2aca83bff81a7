// Every row algorithm of one instruction set and kind, in the order of algorithms.hpp. Only isa_*.cpp include this.
#pragma once

#include "argmax.hpp"
#include "maxima.hpp"
#include "sampled.hpp"

namespace topkit::cpu {
namespace {

template <template <class> class Algo, class V>
constexpr Kernel kernel() {
  return {&Algo<V>::run, &Algo<V>::scratch_bytes};
}

// tiny is maxima, which takes short rows together of its own accord.
template <class V>
constexpr Kernels kernels_of() {
  return {{kernel<Argmax, V>(), kernel<Maxima, V>(), kernel<Blocked, V>(), kernel<Sampled, V>(), kernel<Split, V>()}};
}

}  // namespace
}  // namespace topkit::cpu
