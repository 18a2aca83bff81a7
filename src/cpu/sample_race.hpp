// The draw as a race: every token gets an exponential variable from its own noise, and the best score y - log2(E) wins, with
// probability 2^y / sum (Gumbel-max; Efraimidis and Spirakis 2006). O: Lanes.
//
// Nearly all tokens lose by a bound that needs no logarithm; the few vectors that may hold a winner are computed exactly.
#pragma once

#include "../sampling/philox.hpp"
#include "sample_row.hpp"

namespace topkit::cpu {
namespace {

// Two vectors of words side by side, so that the rounds of one philox fill the waits of the other's.
template <class O>
struct Twice {
  struct I {
    typename O::I a, b;
  };
  static I SetI(std::uint32_t value) { return {O::SetI(value), O::SetI(value)}; }
  static I XorI(const I& x, const I& y) { return {x.a ^ y.a, x.b ^ y.b}; }
  static I MulLo(const I& x, const I& y) { return {x.a * y.a, x.b * y.b}; }
  static I MulHi(const I& x, const I& y) { return {O::MulHi(x.a, y.a), O::MulHi(x.b, y.b)}; }
};

inline constexpr std::uint32_t kMoreNoise = 1U << 31;  // in the counter's first word: a token's second word

template <class O>
class Racing {
  using F = typename O::F;
  using I = typename O::I;
  using M = typename O::M;

 public:
  explicit Racing(const Race& race) : race_(race), z_max_(O::Set(race.z_max)), c_(O::Set(race.c)) {}

  // The words of tokens 4 * block .. 4 * block + 3. V: O or Twice<O>.
  template <class V>
  sampling::Words<V> words(typename V::I block) const {
    return sampling::philox<V>(race_.seed,
                               {{block, V::SetI(race_.draw), V::SetI(static_cast<std::uint32_t>(race_.position)),
                                 V::SetI(static_cast<std::uint32_t>(race_.position >> 32))}});
  }

  // Tokens `ids` with z and noise r, those of `inside` only; more() gives their second words.
  template <class More>
  void run(I ids, F z, M inside, I r, const More& more) {
    const F y = sampling::exponent<O>(z, z_max_, c_);
    // log2 E >= log2(v log2 e), and log2 of a float is at least the line through its neighbouring powers of two, that
    // is its bits; v >= r 2^-32. 2^-10 covers all rounding.
    const F line = O::Mul(__builtin_convertvector(reinterpret_cast<M>(O::Bits(sampling::word_to_float<O>(r))), F),
                          O::Set(0x1p-23F));
    const F bound = y - (line - O::Set(127.0F + 32.0F - 0.5287F + 0x1p-10F));
    const M may_win = inside & ((bound >= O::Set(best_.score)) | sampling::needs_more<O>(r));
    if (O::Any(may_win)) [[unlikely]]
      compare(ids, z, y, may_win, r, more);
  }

  const Winner& best() const { return best_; }

 private:
  template <class More>
  [[gnu::noinline]] void compare(I ids, F z, F y, M may_win, I r, const More& more) {
    const I second = O::Any(may_win & sampling::needs_more<O>(r)) ? more() : r;
    const F score = O::If(may_win, O::Sub(y, sampling::log2_exponential<O>(r, second)), O::Set(-__builtin_inff()));
    float scores[O::kLanes], numbers[O::kLanes];
    std::int32_t names[O::kLanes];
    O::Store(scores, score);
    O::Store(numbers, z);
    O::Store(names, ids);
    const std::uint32_t first = best_.id < 0 ? first_of(may_win) : 0;  // one of them, even if all scores are -inf
    if (best_.id < 0) best_ = {scores[first], numbers[first], names[first]};
    for (std::uint32_t j = first; j < O::kLanes; ++j)
      if (scores[j] > best_.score || (scores[j] == best_.score && may_win[j] != 0 && names[j] < best_.id))
        best_ = {scores[j], numbers[j], names[j]};
  }
  static std::uint32_t first_of(M m) {
    std::uint32_t j = 0;
    while (m[j] == 0) ++j;
    return j;
  }

  Race race_;
  F z_max_, c_;
  Winner best_;
};

// Four vectors whose lane j holds tokens 4 j .. 4 j + 3 become four whose lanes are neighbours.
template <class O, class V>
void transpose(const V (&words)[4], V* out) {
  std::uint32_t all[4][O::kLanes], sorted[4 * O::kLanes];
  for (int w = 0; w < 4; ++w) O::Store(all[w], words[w]);
  for (std::uint32_t j = 0; j < O::kLanes; ++j)
    for (std::uint32_t w = 0; w < 4; ++w) sorted[4 * j + w] = all[w][j];
  for (std::uint32_t w = 0; w < 4; ++w) out[w] = O::template Load<V>(sorted + w * O::kLanes);
}

template <class O, class From>
Winner race_row(const void* x, std::uint32_t cols, const Race& race, const Prefix& prefix) {
  using F = typename O::F;
  using I = typename O::I;
  const InPrefix<O> in(prefix);
  Racing<O> racing(race);
  I noise[8];
  each_z<O, From>(x, cols, [&](std::uint32_t i, F z) {
    const std::uint32_t part = i / O::kLanes % 8;
    if (part == 0) {
      const I block = O::Iota() + i / 4;
      const auto words = racing.template words<Twice<O>>({block, block + O::kLanes});
      I half[2][4];
      for (int w = 0; w < 4; ++w) half[0][w] = words.word[w].a;
      for (int w = 0; w < 4; ++w) half[1][w] = words.word[w].b;
      transpose<O>(half[0], noise);
      transpose<O>(half[1], noise + 4);
    }
    racing.run(O::Iota() + i, z, in(i, z), noise[part], [&] {
      I more[4];
      const auto words = racing.template words<O>((O::Iota() + (i - part % 4 * O::kLanes) / 4) | kMoreNoise);
      transpose<O>(words.word, more);
      return more[part % 4];
    });
  });
  return racing.best();
}

template <class O>
Winner race_list(const float* z, const std::int32_t* ids, std::uint32_t count, const Race& race) {
  using I = typename O::I;
  using F = typename O::F;
  Racing<O> racing(race);
  const auto choose = [](I place, I w0, I w1, I w2, I w3) {
    return O::IfI((place & 1) == 0, O::IfI(place == 0, w0, w2), O::IfI(place == 1, w1, w3));
  };
  const auto load = [&]<class V>(const void* from, std::uint32_t i, V empty) {
    const std::uint32_t n = i < count ? lesser(O::kLanes, count - i) : 0;
    if (n == O::kLanes) return O::template Load<V>(static_cast<const std::uint32_t*>(from) + i);
    std::memcpy(&empty, static_cast<const std::uint32_t*>(from) + i, n * sizeof(std::uint32_t));
    return empty;
  };
  for (std::uint32_t i = 0; i < count; i += 2 * O::kLanes) {
    I id[2], noise[2];
    for (std::uint32_t h = 0; h < 2; ++h) id[h] = load(ids, i + h * O::kLanes, O::SetI(0));
    const auto words = racing.template words<Twice<O>>({id[0] >> 2, id[1] >> 2});
    noise[0] = choose(id[0] & 3, words.word[0].a, words.word[1].a, words.word[2].a, words.word[3].a);
    noise[1] = choose(id[1] & 3, words.word[0].b, words.word[1].b, words.word[2].b, words.word[3].b);
    for (std::uint32_t h = 0; h < 2; ++h) {
      const std::uint32_t at = i + h * O::kLanes;
      const F a = load(z, at, O::Set(-__builtin_inff()));
      racing.run(id[h], a, O::Iota() + at < O::SetI(count), noise[h], [&] {
        const auto more = racing.template words<O>(id[h] >> 2 | kMoreNoise);
        return choose(id[h] & 3, more.word[0], more.word[1], more.word[2], more.word[3]);
      });
    }
  }
  return racing.best();
}

}  // namespace
}  // namespace topkit::cpu
