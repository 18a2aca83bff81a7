// Passes over a row of logits: its maximum, its mass, what is above a value, what is written of it. O: Lanes.
#pragma once

#include "../sampling/math.hpp"
#include "../sampling/steps.hpp"
#include "lanes.hpp"
#include "sample_job.hpp"

namespace topkit::cpu {
namespace {

template <class O>
struct FromF32 {
  using Raw = float;
  static typename O::F load(const Raw* p) { return O::template Load<typename O::F>(p); }
};

template <class O>
struct FromBf16 {
  using Raw = std::uint16_t;
  static typename O::F load(const Raw* p) {
    const auto wide = __builtin_convertvector(O::template Load<typename O::Halves>(p), typename O::I);
    return O::FromBits(wide << 16);
  }
};

template <class O>
struct FromF16 {
  using Raw = std::uint16_t;
  // The exponent's bias is moved by an exact product, which also makes denormals normal.
  static typename O::F load(const Raw* p) {
    using I = typename O::I;
    const I half = __builtin_convertvector(O::template Load<typename O::Halves>(p), I);
    const I magnitude = (half & 0x7FFF) << 13;
    const I number = O::Bits(O::FromBits(magnitude) * O::Set(0x1p+112F));
    const I special = magnitude | 0x7F800000;  // inf and NaN
    return O::FromBits(O::IfI((half & 0x7C00) == 0x7C00, special, number) | (half & 0x8000) << 16);
  }
};

// Calls body(i, f32 lanes, lanes that count) for every vector of the row; lanes behind its end hold -inf.
template <class O, class From, class Body>
void each_raw(const void* x, std::uint32_t cols, const Body& body) {
  const auto* data = static_cast<const typename From::Raw*>(x);
  std::uint32_t i = 0;
  for (; i + O::kLanes <= cols; i += O::kLanes) body(i, From::load(data + i), O::kLanes);
  if (i == cols) return;
  typename From::Raw rest[O::kLanes] = {};
  std::memcpy(rest, data + i, (cols - i) * sizeof(rest[0]));
  const auto there = O::Iota() < O::SetI(cols - i);
  body(i, O::If(there, From::load(rest), O::Set(-__builtin_inff())), cols - i);
}

// The same with z.
template <class O, class From, class Body>
void each_z(const void* x, std::uint32_t cols, const Body& body) {
  each_raw<O, From>(x, cols,
                    [&](std::uint32_t i, typename O::F raw, std::uint32_t) { body(i, sampling::candidate<O>(raw)); });
}

template <class O>
class InPrefix {
  using F = typename O::F;
  using I = typename O::I;
  using M = typename O::M;

 public:
  explicit InPrefix(const Prefix& p)
      : z_(O::Set(p.z)),
        z_max_(O::Set(p.weighing.z_max)),
        c_(O::Set(p.weighing.c)),
        least_y_(O::Set(p.least_y)),
        id_(O::SetI(static_cast<std::uint32_t>(p.id))) {}

  F y(F z) const { return sampling::exponent<O>(z, z_max_, c_); }
  M operator()(std::uint32_t i, F z, F y) const {
    const M no_later = reinterpret_cast<M>(O::Iota() + i) <= reinterpret_cast<M>(id_);
    return ((z > z_) | ((z == z_) & no_later)) & (y >= least_y_);
  }
  M operator()(std::uint32_t i, F z) const { return (*this)(i, z, y(z)); }

 private:
  F z_, z_max_, c_, least_y_;
  I id_;
};

template <class O, class From>
struct RowPasses {
  using F = typename O::F;
  using I = typename O::I;
  using M = typename O::M;

  static float max(const void* x, std::uint32_t cols) {
    F most = O::Set(-__builtin_inff());
    each_z<O, From>(x, cols, [&](std::uint32_t, F z) { most = O::Max(z, most); });
    return O::ReduceMax(most);
  }

  static std::uint32_t count_above(const void* x, std::uint32_t cols, float least) {
    I count = O::SetI(0);
    const F bound = O::Set(least);
    each_z<O, From>(x, cols, [&](std::uint32_t, F z) { count -= reinterpret_cast<I>(z > bound); });
    return static_cast<std::uint32_t>(O::Sum(count));
  }

  static Tally tally(const void* x, std::uint32_t cols, const Weighing& weighing, const Prefix& prefix) {
    const InPrefix<O> in(prefix);
    const F z_max = O::Set(weighing.z_max), c = O::Set(weighing.c);
    const float scale = weighing.scale;
    I high = O::SetI(0), low = O::SetI(0), count = O::SetI(0);
    Tally result;
    std::uint32_t added = 0;
    const auto put_together = [&] {
      const M signed_low = reinterpret_cast<M>(low);
      std::int64_t lows = 0;
      for (std::uint32_t i = 0; i < O::kLanes; ++i) lows += signed_low[i];
      result.mass += (O::Sum(high) << 23) + static_cast<std::uint64_t>(lows);
      high = low = O::SetI(0);
      added = 0;
    };
    each_z<O, From>(x, cols, [&](std::uint32_t i, F z) {
      const M inside = in(i, z);
      const auto w = sampling::weight<O>(sampling::exponent<O>(z, z_max, c), scale);
      high += w.high & reinterpret_cast<I>(inside);
      low += w.low & reinterpret_cast<I>(inside);
      count -= reinterpret_cast<I>(inside);
      if (++added == 256) put_together();
    });
    put_together();
    result.count = static_cast<std::uint32_t>(O::Sum(count));
    return result;
  }

  // Which bin: monotone in y, so bins follow the order.
  static I bin_of(F y) {
    const F steps = O::Mul(y, O::Set(-32.0F)), most = O::Set(static_cast<float>(kBins - 1));
    return reinterpret_cast<I>(__builtin_convertvector(O::If(steps < most, steps, most), M));
  }

  static void bin(const void* x, std::uint32_t cols, const Prefix& prefix, Bins& bins) {
    const InPrefix<O> in(prefix);
    const float scale = prefix.weighing.scale;
    each_z<O, From>(x, cols, [&](std::uint32_t i, F z) {
      const F y = in.y(z);
      const M inside = in(i, z, y);
      const auto w = sampling::weight<O>(y, scale);
      std::uint32_t bin[O::kLanes], high[O::kLanes], one[O::kLanes];
      std::int32_t low[O::kLanes];
      O::Store(bin, bin_of(y));
      O::Store(high, w.high & reinterpret_cast<I>(inside));
      O::Store(low, w.low & reinterpret_cast<I>(inside));
      O::Store(one, reinterpret_cast<I>(inside) >> 31);
      for (std::uint32_t j = 0; j < O::kLanes; ++j) {  // no branch: tokens outside add nothing
        Tally& into = bins.bin[bin[j]];
        into.mass +=
            (static_cast<std::uint64_t>(high[j]) << 23) + static_cast<std::uint64_t>(static_cast<std::int64_t>(low[j]));
        into.count += one[j];
      }
    });
  }

  static std::uint32_t collect(const void* x, std::uint32_t cols, const Prefix& prefix, std::uint32_t bin, float* out,
                               std::int32_t* ids) {
    const InPrefix<O> in(prefix);
    const I wanted = O::SetI(bin);
    std::uint32_t count = 0;
    each_z<O, From>(x, cols, [&](std::uint32_t i, F z) {
      const F y = in.y(z);
      const M inside = in(i, z, y) & (bin_of(y) == wanted);
      if (!O::Any(inside)) return;
      for (std::uint32_t j = 0; j < O::kLanes; ++j) {
        if (inside[j] == 0) continue;
        out[count] = z[j];
        ids[count++] = static_cast<std::int32_t>(i + j);
      }
    });
    return count;
  }

  static void write_logits(const void* x, std::uint32_t cols, const Prefix& prefix, float factor, float* out) {
    const InPrefix<O> in(prefix);
    const F by = O::Set(factor), none = O::Set(-__builtin_inff());
    write(x, cols, out, [&](std::uint32_t i, F z) { return O::If(in(i, z), O::Mul(z, by), none); });
  }

  static void write_probabilities(const void* x, std::uint32_t cols, const Prefix& prefix, const Weighing& weighing,
                                  float log2_mass, float* out) {
    const InPrefix<O> in(prefix);
    const F z_max = O::Set(weighing.z_max), c = O::Set(weighing.c), mass = O::Set(log2_mass), none = O::Set(0.0F);
    write(x, cols, out, [&](std::uint32_t i, F z) {
      return O::If(in(i, z), sampling::exp2<O>(O::Sub(sampling::exponent<O>(z, z_max, c), mass)), none);
    });
  }

  static void widen(const void* x, std::uint32_t cols, float cap, float inv_cap, float* out) {
    const F most = O::Set(cap), by = O::Set(inv_cap);
    each_raw<O, From>(x, cols, [&](std::uint32_t i, F raw, std::uint32_t n) {
      const F z = cap > 0 ? sampling::soft_cap<O>(raw, most, by) : raw;
      store(out + i, z, n);
    });
  }

 private:
  static void store(float* out, F a, std::uint32_t n) {
    if (n == O::kLanes) return O::Store(out, a);
    float all[O::kLanes];
    O::Store(all, a);
    std::memcpy(out, all, n * sizeof(float));
  }

  template <class Value>
  static void write(const void* x, std::uint32_t cols, float* out, const Value& value) {
    each_raw<O, From>(x, cols, [&](std::uint32_t i, F raw, std::uint32_t n) {
      store(out + i, value(i, sampling::candidate<O>(raw)), n);
    });
  }
};

template <class O>
void admit(float* z, std::uint32_t cols, const std::uint32_t* mask) {
  using F = typename O::F;
  each_raw<O, FromF32<O>>(z, cols, [&](std::uint32_t i, F raw, std::uint32_t n) {
    F a = sampling::candidate<O>(raw);
    if (mask != nullptr) {  // a vector's bits lie in one word
      const auto bits = O::SetI(mask[i / 32] >> (i % 32));
      a = O::If(((bits >> O::Iota()) & 1) != 0, a, O::Set(-__builtin_inff()));
    }
    if (n == O::kLanes) return O::Store(z + i, a);
    float all[O::kLanes];
    O::Store(all, a);
    std::memcpy(z + i, all, n * sizeof(float));
  });
}

template <class O>
void weights(const float* z, std::uint32_t count, const Weighing& weighing, std::uint64_t* out) {
  using F = typename O::F;
  const F z_max = O::Set(weighing.z_max), c = O::Set(weighing.c);
  each_z<O, FromF32<O>>(z, count, [&](std::uint32_t i, F a) {
    const auto w = sampling::weight<O>(sampling::exponent<O>(a, z_max, c), weighing.scale);
    const auto low = reinterpret_cast<typename O::M>(w.low);
    const std::uint32_t n = lesser(O::kLanes, count - i);
    for (std::uint32_t j = 0; j < n; ++j)
      out[i + j] =
          (static_cast<std::uint64_t>(w.high[j]) << 23) + static_cast<std::uint64_t>(static_cast<std::int64_t>(low[j]));
  });
}

}  // namespace
}  // namespace topkit::cpu
