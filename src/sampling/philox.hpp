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

// The key is the same in all lanes, the counter need not be.
template <class O>
constexpr Words<O> philox(std::uint64_t key, Words<O> counter) {
  using I = typename O::I;
  auto k0 = static_cast<std::uint32_t>(key), k1 = static_cast<std::uint32_t>(key >> 32);
  Words<O> c = counter;
  for (int round = 0; round < 10; ++round) {
    const I m0 = O::SetI(0xD2511F53), m1 = O::SetI(0xCD9E8D57);
    const I high0 = O::MulHi(m0, c.word[0]), low0 = O::MulLo(m0, c.word[0]);
    const I high1 = O::MulHi(m1, c.word[2]), low1 = O::MulLo(m1, c.word[2]);
    c.word[0] = O::XorI(O::XorI(high1, c.word[1]), O::SetI(k0));
    c.word[1] = low1;
    c.word[2] = O::XorI(O::XorI(high0, c.word[3]), O::SetI(k1));
    c.word[3] = low0;
    k0 += 0x9E3779B9;
    k1 += 0xBB67AE85;
  }
  return c;
}

}  // namespace topkit::sampling
