#include "distributions.hpp"

#include <algorithm>
#include <array>
#include <bit>
#include <cmath>
#include <limits>
#include <numbers>

#include "real_logits.hpp"

namespace topkit::bench {
namespace {

constexpr double kInfinity = std::numeric_limits<double>::infinity();
constexpr double kNan = std::numeric_limits<double>::quiet_NaN();

double fraction(const Place& p) { return static_cast<double>(p.col) / static_cast<double>(p.cols); }

// A row longer than the model's vocabulary goes on with what the model said next.
double real_logit(const Place& p) {
  const std::int64_t row = (p.row + p.col / kRealCols) % kRealRows;
  return static_cast<double>(real_logits()[static_cast<std::size_t>(row * kRealCols + p.col % kRealCols)]);
}

constexpr std::array kDistributions{
    Distribution{"normal", "nothing: the usual case", [](const Place&, Random& r) { return r.normal(); }},
    Distribution{"uniform", "bins of the exponent: most values share it",
                 [](const Place&, Random& r) { return r.uniform(); }},
    Distribution{"ascending", "heaps and running thresholds: every element enters",
                 [](const Place& p, Random&) { return fraction(p) - 0.5; }},
    Distribution{"descending", "bounds taken from the end of a row",
                 [](const Place& p, Random&) { return 0.5 - fraction(p); }},
    Distribution{"sawtooth", "strided samples: the period hits the stride",
                 [](const Place& p, Random&) { return static_cast<double>(p.col % 1000) / 500 - 1; }},
    Distribution{"organ_pipe", "quickselect with a deterministic pivot",
                 [](const Place& p, Random&) { return 0.5 - std::abs(fraction(p) - 0.5); }},
    Distribution{"trend", "running thresholds: the level rises under noise",
                 [](const Place& p, Random& r) { return 4 * fraction(p) + 0.25 * r.normal(); }},
    Distribution{"all_equal", "filters with >=: everything is a tie", [](const Place&, Random&) { return 1.0; }},
    Distribution{"two_values", "filters with >=: half is a tie",
                 [](const Place&, Random& r) { return static_cast<double>(r.bits() & 1); }},
    Distribution{"few_distinct", "tie quotas: 11 values",
                 [](const Place&, Random& r) { return 0.5 * static_cast<double>(r.below(11)); }},
    Distribution{"relu", "bounds below zero: half of the row is the same zero",
                 [](const Place&, Random& r) { return std::fmax(r.normal(), 0); }},
    Distribution{"sparse", "tie quotas at zero: one element in 100 is not zero",
                 [](const Place&, Random& r) { return r.below(100) == 0 ? 1 + r.uniform() : 0; }},
    Distribution{"narrow", "radix digits: 16 high bits are shared",
                 [](const Place&, Random& r) { return 1 + 0.00003 * r.uniform(); }},
    Distribution{"beyond_f16", "keys projected to f16: all of them overflow",
                 [](const Place&, Random& r) { return (r.bits() & 1 ? 1 : -1) * (65505 + 1e6 * r.uniform()); }},
    Distribution{"below_f16", "keys projected to f16: all of them vanish",
                 [](const Place&, Random& r) { return 5e-8 * r.normal() / 8; }},
    Distribution{"denormal", "arithmetic that flushes denormals",
                 [](const Place&, Random& r) { return 1e-40 * r.normal(); }},
    Distribution{"winners_in_one_tile", "per-tile quotas: all winners lie together",
                 [](const Place& p, Random& r) {
                   const std::int64_t tile = p.cols * 3 / 7;
                   return r.normal() + (p.col >= tile && p.col < tile + 512 ? 20 : 0);
                 }},
    Distribution{"winners_in_one_lane", "group maxima: few groups hold all winners",
                 [](const Place& p, Random& r) { return r.normal() + (p.col % 16 == 5 ? 20 : 0); }},
    Distribution{"strided_spikes", "strided samples that see winners only",
                 [](const Place& p, Random& r) { return r.normal() + (p.col % 64 == 0 ? 20 : 0); }},
    Distribution{"strided_dips", "strided samples that see losers only",
                 [](const Place& p, Random& r) { return r.normal() - (p.col % 64 == 0 ? 20 : 0); }},
    Distribution{"one_outlier", "bins between minimum and maximum: all but one share a bin",
                 [](const Place& p, Random& r) { return p.col == p.cols / 3 ? 1e30 : r.normal(); }},
    Distribution{"nan_hotspots", "float compares: runs of NaN of every sign and payload",
                 [](const Place& p, Random& r) {
                   const bool hot = p.col / 32 % 7 == p.row % 7;
                   return r.below(hot ? 4 : 200) == 0 ? kNan : r.normal();
                 }},
    Distribution{"all_nan", "float compares: no number at all", [](const Place&, Random&) { return kNan; }},
    Distribution{"some_infinite", "bisection of values: 1 % is +infinity",
                 [](const Place&, Random& r) { return r.below(100) == 0 ? kInfinity : r.normal(); }},
    Distribution{"all_minus_infinity", "bounds initialised to -infinity",
                 [](const Place&, Random&) { return -kInfinity; }},
    Distribution{"padded", "fewer numbers than k: the last third is -infinity",
                 [](const Place& p, Random& r) { return 3 * p.col >= 2 * p.cols ? -kInfinity : r.normal(); }},
    Distribution{"signed_zeros", "integer keys that part -0 from +0",
                 [](const Place&, Random& r) {
                   const std::int64_t die = r.below(20);
                   return die == 0 ? r.normal() : die % 2 == 0 ? 0.0 : -0.0;
                 }},
    Distribution{"cauchy", "bisection of values: heavy tails",
                 [](const Place&, Random& r) { return std::tan(std::numbers::pi * (r.uniform() - 0.5)); }},
    Distribution{"exp8", "bisection of values: 30 orders of magnitude",
                 [](const Place&, Random& r) { return std::exp(8 * r.normal()); }},
    Distribution{"log_probabilities", "raw integer compares: all values are negative",
                 [](const Place&, Random& r) { return 0.5 * r.normal() - 5; }},
    Distribution{"rank_one", "column order: a row's values depend on its number",
                 [](const Place& p, Random&) { return std::sin(static_cast<double>((p.row + 1) * (p.col + 1))); }},
    Distribution{"adjacent", "bounds that skip a key: each value is the next f32 after the one before",
                 [](const Place& p, Random&) { return 1 + static_cast<double>(p.col >> 1) * 0x1p-23; }},
    Distribution{"late_next_key", "bounds that skip a key: equal values, then sparse ones that are the next f32",
                 [](const Place& p, Random& r) { return 2 * p.col > p.cols && r.below(50) == 0 ? 1 + 0x1p-23 : 1; }},
    Distribution{"cluster_among_nan", "samples of whole lines: they see too many of 32 winners that lie together",
                 [](const Place& p, Random& r) {
                   const std::int64_t cluster = (p.row + 1) * 7919 % p.cols;
                   if (p.col >= cluster && p.col < cluster + 32) return 20 + r.normal();
                   return r.below(50) == 0 ? kNan : r.normal();
                 }},
    Distribution{"levels", "guesses taken from the row before: the level jumps after some rows",
                 [](const Place& p, Random& r) { return r.normal() + static_cast<double>(p.row / 12 * 7 % 5); }},
    Distribution{"lone_nan_rows", "guesses taken from the row before: now and then a row of NaN and few numbers",
                 [](const Place& p, Random& r) { return p.row % 20 == 19 && p.col % 50 != 0 ? kNan : r.normal(); }},
    Distribution{"real_logits", "guesses made for bell curves: what a language model says of each of its tokens",
                 [](const Place& p, Random&) { return real_logit(p); }},
    Distribution{"bits", "anything: uniformly random bits of the type", nullptr},
};

// Fields of a floating type narrower than f64.
struct Format {
  int exponent_bits, mantissa_bits;
  bool has_infinity;
};

std::uint64_t encode_float(Format format, double value, Random& random) {
  const int bits = 1 + format.exponent_bits + format.mantissa_bits;
  const int bias = (1 << (format.exponent_bits - 1)) - 1;
  const std::uint64_t mantissa_mask = (std::uint64_t{1} << format.mantissa_bits) - 1;
  const std::uint64_t top = ((std::uint64_t{1} << format.exponent_bits) - 1) << format.mantissa_bits;
  const std::uint64_t sign = std::uint64_t{std::signbit(value)} << (bits - 1);
  if (std::isnan(value)) {
    const std::uint64_t draw = random.bits();
    const std::uint64_t payload = format.has_infinity ? draw % mantissa_mask + 1 : mantissa_mask;
    return (draw >> 63) << (bits - 1) | top | payload;
  }
  const std::uint64_t greatest = format.has_infinity ? top : top | (mantissa_mask - 1);
  if (value == 0) return sign;
  if (std::isinf(value)) return sign | greatest;
  // The exponent of the last place: fixed below the smallest normal number. nearbyint rounds ties to even, and a carry
  // out of the mantissa lands in the exponent field, where it belongs.
  const int exponent = std::max(std::ilogb(value), 1 - bias);
  const auto units =
      static_cast<std::uint64_t>(std::nearbyint(std::ldexp(std::abs(value), format.mantissa_bits - exponent)));
  const std::uint64_t base = static_cast<std::uint64_t>(exponent + bias - 1) << format.mantissa_bits;
  return sign | std::min(base + units, greatest);
}

std::uint64_t encode_integer(const DTypeInfo& type, double value) {
  const bool is_signed = type.kind == NumberKind::signed_integer;
  const double half = std::ldexp(1.0, type.bits - 1);
  const double low = is_signed ? -half : 0, high = is_signed ? half : 2 * half;
  const double scaled = std::nearbyint(value * half / 8) + (is_signed ? 0 : half);
  const std::uint64_t mask = ~std::uint64_t{0} >> (64 - type.bits);
  if (!(scaled < high)) return is_signed ? mask >> 1 : mask;
  if (scaled <= low) return is_signed ? std::uint64_t{1} << (type.bits - 1) : 0;
  return scaled < 0 ? static_cast<std::uint64_t>(static_cast<std::int64_t>(scaled)) & mask
                    : static_cast<std::uint64_t>(scaled);
}

template <class U>
void fill(const Distribution& distribution, DType dtype, Random& random, std::int64_t row, std::int64_t cols, U* out) {
  for (std::int64_t col = 0; col < cols; ++col) {
    out[col] = static_cast<U>(distribution.value == nullptr
                                  ? random.bits()
                                  : encode(dtype, distribution.value({row, col, cols}, random), random));
  }
}

}  // namespace

double Random::normal() {
  if (has_spare_) {
    has_spare_ = false;
    return spare_;
  }
  const double radius = std::sqrt(-2 * std::log(1 - uniform()));
  const double angle = 2 * std::numbers::pi * uniform();
  spare_ = radius * std::sin(angle);
  has_spare_ = true;
  return radius * std::cos(angle);
}

std::span<const Distribution> distributions() { return kDistributions; }

const Distribution* find_distribution(std::string_view name) {
  for (const Distribution& distribution : kDistributions)
    if (distribution.name == name) return &distribution;
  return nullptr;
}

std::uint64_t encode(DType dtype, double value, Random& random) {
  switch (dtype) {
    case DType::f64:
      if (std::isnan(value)) return encode_float({11, 52, true}, value, random);
      return std::bit_cast<std::uint64_t>(value);
    case DType::f32:
      if (std::isnan(value)) return encode_float({8, 23, true}, value, random);
      return std::bit_cast<std::uint32_t>(static_cast<float>(value));
    case DType::f16: return encode_float({5, 10, true}, value, random);
    case DType::bf16: return encode_float({8, 7, true}, value, random);
    case DType::f8e4m3: return encode_float({4, 3, false}, value, random);
    case DType::f8e5m2: return encode_float({5, 2, true}, value, random);
    default: return encode_integer(info(dtype), value);
  }
}

void fill_row(const Distribution& distribution, DType dtype, std::uint64_t seed, std::int64_t row, std::int64_t cols,
              void* out) {
  Random random(Random(seed ^ static_cast<std::uint64_t>(row) * 0xd1342543de82ef95).bits());
  switch (bytes(dtype)) {
    case 1: return fill(distribution, dtype, random, row, cols, static_cast<std::uint8_t*>(out));
    case 2: return fill(distribution, dtype, random, row, cols, static_cast<std::uint16_t*>(out));
    case 4: return fill(distribution, dtype, random, row, cols, static_cast<std::uint32_t*>(out));
    default: return fill(distribution, dtype, random, row, cols, static_cast<std::uint64_t*>(out));
  }
}

}  // namespace topkit::bench
