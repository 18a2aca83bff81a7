// The draw as a race: every token gets an exponential variable from its own noise, and the best score y - log2(E) wins, with
// probability 2^y / sum (Gumbel-max; Efraimidis and Spirakis 2006). O: Lanes.
//
// Nearly all tokens lose by a bound that needs no logarithm; the few vectors that may hold a winner are computed exactly.
#pragma once

#include "../sampling/philox.hpp"
#include "sample_row.hpp"

namespace topkit::cpu {
namespace {

template <class O>
class Racing {
  using F = typename O::F;
  using I = typename O::I;
  using M = typename O::M;

 public:
  explicit Racing(const Race& race) : race_(race), z_max_(O::Set(race.z_max)), c_(O::Set(race.c)) {}

  // The words of four tokens a lane: of tokens 4 * block .. 4 * block + 3.
  sampling::Words<O> words(I block) const {
    return sampling::philox<O>(race_.seed,
                               {{block, O::SetI(race_.draw), O::SetI(static_cast<std::uint32_t>(race_.position)),
                                 O::SetI(static_cast<std::uint32_t>(race_.position >> 32))}});
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
    if (!O::Any(may_win)) return;
    const I second = O::Any(may_win & sampling::needs_more<O>(r)) ? more() : r;
    const F score = O::Sub(y, sampling::log2_exponential<O>(r, second));
    for (std::uint32_t j = 0; j < O::kLanes; ++j) {
      if (may_win[j] == 0) continue;
      const auto id = static_cast<std::int32_t>(ids[j]);
      if (best_.id < 0 || score[j] > best_.score || (score[j] == best_.score && id < best_.id))
        best_ = {score[j], z[j], id};
    }
  }

  const Winner& best() const { return best_; }

 private:
  Race race_;
  F z_max_, c_;
  Winner best_;
};

inline constexpr std::uint32_t kMoreNoise = 1U << 31;  // in the counter's first word: a token's second word

// Four vectors whose lane j holds tokens 4 j .. 4 j + 3 become four whose lanes are neighbours.
template <class O, class V>
void transpose(V (&a)[4]) {
  std::uint32_t rows[4][O::kLanes], all[4 * O::kLanes];
  for (int w = 0; w < 4; ++w) O::Store(rows[w], a[w]);
  for (std::uint32_t j = 0; j < O::kLanes; ++j)
    for (std::uint32_t w = 0; w < 4; ++w) all[4 * j + w] = rows[w][j];
  for (std::uint32_t w = 0; w < 4; ++w) a[w] = O::template Load<V>(all + w * O::kLanes);
}

template <class O, class From>
Winner race_row(const void* x, std::uint32_t cols, const Race& race, const Prefix& prefix) {
  using F = typename O::F;
  using I = typename O::I;
  const InPrefix<O> in(prefix);
  Racing<O> racing(race);
  I noise[4];
  each_z<O, From>(x, cols, [&](std::uint32_t i, F z) {
    const std::uint32_t part = i / O::kLanes % 4, first = i - part * O::kLanes;
    const I block = O::Iota() + first / 4;
    if (part == 0) {
      const auto words = racing.words(block);
      for (int w = 0; w < 4; ++w) noise[w] = words.word[w];
      transpose<O>(noise);
    }
    const auto inside = in(i, z);
    racing.run(O::Iota() + i, z, inside, noise[part], [&] {
      auto more = racing.words(block | kMoreNoise);
      transpose<O>(more.word);
      return more.word[part];
    });
  });
  return racing.best();
}

template <class O>
Winner race_list(const float* z, const std::int32_t* ids, std::uint32_t count, const Race& race) {
  using I = typename O::I;
  using F = typename O::F;
  Racing<O> racing(race);
  const auto word_of = [&](I block, I place) {
    const auto words = racing.words(block);
    return O::IfI(place == 0, words.word[0],
                  O::IfI(place == 1, words.word[1], O::IfI(place == 2, words.word[2], words.word[3])));
  };
  for (std::uint32_t i = 0; i < count; i += O::kLanes) {
    const std::uint32_t n = lesser(O::kLanes, count - i);
    I id = O::SetI(0);
    F a = O::Set(-__builtin_inff());
    if (n == O::kLanes) {
      id = O::template Load<I>(ids + i);
      a = O::template Load<F>(z + i);
    } else {
      std::memcpy(&id, ids + i, n * sizeof(std::int32_t));
      std::memcpy(&a, z + i, n * sizeof(float));
    }
    const I block = id >> 2, place = id & 3;
    racing.run(id, a, O::Iota() < O::SetI(n), word_of(block, place),
               [&] { return word_of(block | kMoreNoise, place); });
  }
  return racing.best();
}

}  // namespace
}  // namespace topkit::cpu
