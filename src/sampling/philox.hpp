// Philox4x32-10, a counter-based generator (Salmon, Moraes, Dror, Shaw: Parallel random numbers: as easy as 1, 2, 3; SC 11).
// What comes out is a function of key and counter alone.
#pragma once

#include <cstdint>

#include "lanes.hpp"

namespace topkit::sampling {

template <class O>
struct Words {
  typename O::I word[4];
};

// Both halves of a product.
template <class O>
struct Product {
  typename O::I high, low;
};
template <class O>
constexpr Product<O> product(std::uint32_t a, typename O::I b) {
  if constexpr (requires { O::Multiply(a, b); }) {
    return O::Multiply(a, b);
  } else {
    return {O::MulHi(O::SetI(a), b), O::MulLo(O::SetI(a), b)};
  }
}

// The key is the same in all lanes, the counter need not be.
template <class O>
constexpr Words<O> philox(std::uint64_t key, Words<O> counter) {
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  Words<O> c = counter;
#ifdef __CUDA_ARCH__
#pragma unroll
#endif
  for (int round = 0; round < 10; ++round) {
    const Product<O> first = product<O>(0xD2511F53, c.word[0]), second = product<O>(0xCD9E8D57, c.word[2]);
    c.word[0] = O::XorI(O::XorI(second.high, c.word[1]), O::SetI(k0));
    c.word[1] = second.low;
    c.word[2] = O::XorI(O::XorI(first.high, c.word[3]), O::SetI(k1));
    c.word[3] = first.low;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

}  // namespace topkit::sampling
