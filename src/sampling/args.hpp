// The arguments of sample, filter and topn_logprobs, given to a kernel by value, checked by validate().
//
// What one row means, for every engine (the arithmetic is that of math.hpp, bit for bit; c = fl(fl(1 / T) * log2 e)):
//
//   z_i     cast to f32; soft_cap; + bias, in list order; -inf where the mask forbids it, where i >= length, or NaN;
//           +inf becomes FLT_MAX (steps.hpp). So -inf <= z_i <= FLT_MAX. A candidate has z_i > -inf.
//   order   z descending, equal z by ascending id. z_max is its first. Temperature does not change it.
//   y_i     fl(fl(z_i - z_max) * c), the logarithm to base 2 of the weight; c of T = 1 where T comes last (rules.hpp: c_filter)
//   greedy  T <= 1e-5 or k == 1: the kept set is the first alone. Its y is 0.
//   min-p   keeps y_i >= log2(min_p)      (min_p == 0: off)
//   top-k   keeps the first k             (k == 0: off)
//   top-p   keeps i while before_i < limit, where before_i is the mass of all candidates that precede i in the order,
//           limit = limit_of(p, Z)        (p == 1: off); the first is always kept
//   mass    the sum of weight(y_i, weight_scale(cols)), integers: it depends on no order of addition
//   Z       the mass of the kept of min-p and top-k (Kept), of top-k (TopK), or of all candidates (All)
//   tiles   topn_logprobs: the mass of all candidates is the sum over tiles of kTile tokens, each weighed against its own largest z,
//           of mass_in_row(mass of the tile by a scale of 1, y of that z, weight_scale(cols))
//   draw    argmax over the kept of y_i (of c) - log2_exponential(r, more), ties by the lower id; r = word i mod 4 of
//           philox(seed, {i / 4, draw, low and high half of position}), more = the same word where the counter's first
//           has also bit 31
//
// Each of the three filters keeps a prefix of the order, so the kept set is the shortest of the three prefixes.
// A row without candidates: token 0, logprob -inf, kept 0, valid 0, no listed candidates.
//
// Logprobs, in nats, M = the mass over a set, all products and sums in f32 (logprob_of, logsumexp_of of rules.hpp):
//   processed   (y_i - log2_mass(M of the kept, by c)) * ln 2
//   raw         the same over all tokens of the row, by T = 1, of soft-capped logits without bias and mask
//   logsumexp   z_max * inv_t + log2_mass(M of all candidates) * ln 2
// Filtered logits are z_i * inv_t, probabilities exp2(y_i - log2_mass(M of the kept, by c)).
#pragma once

#include <cstdint>
#include <type_traits>

#include "../problem.hpp"

namespace topkit {

enum class SampleOp : std::uint8_t { sample, filter, logprobs };
enum class TopPOf : std::uint8_t { kept, top_k, all };
enum class LogprobOf : std::uint8_t { raw, processed };
enum class FilterForm : std::uint8_t { logits, probabilities };

// What is asked, without pointers: what a plan may look at. Trivially copyable; compares; prints.
struct SampleProblem {
  SampleOp op = SampleOp::sample;
  DeviceKind device = DeviceKind::cpu;
  DType dtype = DType::f32;            // of the logits: f32, f16 or bf16
  IndexType id_type = IndexType::i64;  // of tokens, candidates, ids
  std::int64_t rows = 0;               // of the outputs
  std::int64_t x_rows = 0;             // of the logits; rows unless there is a row_map
  std::int64_t cols = 0;               // 1 .. 2^31 - 1
  std::int64_t row_stride = 0;         // elements; columns are neighbours
  std::int64_t draws = 1;              // of a row
  std::int64_t listed = 0;             // sample: columns of candidates; logprobs: columns of ids
  std::int64_t probes = 0;
  TopPOf top_p_of = TopPOf::kept;
  LogprobOf logprob_of = LogprobOf::raw;
  FilterForm form = FilterForm::logits;
  bool top_p_inclusive = false, temperature_last = false;
  bool has_softcap = false, has_bias = false, has_mask = false, has_lengths = false, has_row_map = false;
  // Whether any row may ask for it: by the scalar, or by an array.
  bool may_top_k = false, may_top_p = false, may_min_p = false, may_greedy = false;
  std::int64_t top_k = 0;  // the scalar, where no array takes its place; else 0
  bool wants_tokens = false, wants_logprobs = false, wants_kept = false, wants_valid = false;

  friend bool operator==(const SampleProblem&, const SampleProblem&) = default;
};

// One number for all rows, or an array of one a row that may live on the device.
struct PerRowF32 {
  float value = 0;
  const float* data = nullptr;
  std::int64_t stride = 1;
  constexpr float operator[](std::int64_t row) const { return data != nullptr ? data[row * stride] : value; }
};
struct PerRowU64 {
  std::uint64_t value = 0;
  const std::uint64_t* data = nullptr;
  std::int64_t stride = 1;
  constexpr std::uint64_t operator[](std::int64_t row) const { return data != nullptr ? data[row * stride] : value; }
};
struct PerRowInt {  // int32 or int64
  std::int64_t value = 0;
  const void* data = nullptr;
  IndexType type = IndexType::i32;
  std::int64_t stride = 1;
  constexpr std::int64_t operator[](std::int64_t row) const {
    if (data == nullptr) return value;
    return type == IndexType::i32 ? static_cast<const std::int32_t*>(data)[row * stride]
                                  : static_cast<const std::int64_t*>(data)[row * stride];
  }
};

// An input list of every row: [n], shared (row_stride 0), or [rows, n]. Element strides are any.
struct IdLists {
  const void* data = nullptr;
  IndexType type = IndexType::i32;
  std::int64_t row_stride = 0, stride = 1, count = 0;
  constexpr std::int64_t at(std::int64_t row, std::int64_t j) const {
    const std::int64_t place = row * row_stride + j * stride;
    return type == IndexType::i32 ? static_cast<const std::int32_t*>(data)[place]
                                  : static_cast<const std::int64_t*>(data)[place];
  }
};
struct F32Lists {
  const float* data = nullptr;
  std::int64_t row_stride = 0, stride = 1;
  constexpr float at(std::int64_t row, std::int64_t j) const { return data[row * row_stride + j * stride]; }
};

// An output; null when not wanted. [rows] has stride 0 or any along its missing second axis, of which j is 0.
template <class T>
struct Output {
  T* data = nullptr;
  std::int64_t row_stride = 1, stride = 1;
  constexpr T* at(std::int64_t row, std::int64_t j = 0) const { return data + row * row_stride + j * stride; }
};
struct IdOutput {
  void* data = nullptr;
  IndexType type = IndexType::i64;
  std::int64_t row_stride = 1, stride = 1;
  constexpr void put(std::int64_t row, std::int64_t j, std::int64_t id) const {
    const std::int64_t place = row * row_stride + j * stride;
    if (type == IndexType::i32)
      static_cast<std::int32_t*>(data)[place] = static_cast<std::int32_t>(id);
    else
      static_cast<std::int64_t*>(data)[place] = id;
  }
};

struct SampleArgs {
  SampleProblem problem;
  const void* x = nullptr;

  PerRowF32 temperature, top_p, min_p;
  PerRowInt top_k;
  PerRowU64 seed, position;
  std::uint32_t draw = 0;

  float softcap = 0;  // 0: off
  IdLists bias_ids;
  F32Lists bias;
  const std::uint32_t* mask = nullptr;
  std::int64_t mask_stride = 0, mask_rows = 0;  // stride in words
  PerRowInt mask_map;                           // without data: row r has mask row r
  PerRowInt row_map, lengths;                   // without data: row r of x, cols

  // sample
  IdOutput tokens, candidates;
  Output<float> logprobs, candidate_logprobs;
  Output<std::int32_t> kept;
  Output<std::uint8_t> valid;
  // filter
  Output<float> filtered;
  // topn_logprobs
  PerRowInt tokens_in;
  IdLists probes;
  PerRowInt row_n;  // without data: problem.listed
  IdOutput ids;
  Output<float> id_logprobs, token_logprobs, probe_logprobs, logsumexp;
  Output<std::int32_t> token_ranks;

  // Arrays on a device cannot be checked before the launch, so what is out of range is clamped here.
  constexpr std::int64_t x_row(std::int64_t r) const {
    return row_map.data == nullptr ? r : clamp(row_map[r], 0, problem.x_rows - 1);
  }
  constexpr std::int64_t length(std::int64_t r) const {
    return lengths.data == nullptr ? problem.cols : clamp(lengths[r], 0, problem.cols);
  }
  // The words of row r's mask, or null: every token is allowed.
  constexpr const std::uint32_t* mask_of(std::int64_t r) const {
    if (mask == nullptr) return nullptr;
    const std::int64_t row = mask_map.data == nullptr ? r : mask_map[r];
    return row < 0 || row >= mask_rows ? nullptr : mask + row * mask_stride;
  }
  constexpr std::int64_t listed(std::int64_t r) const {
    return row_n.data == nullptr ? problem.listed : clamp(row_n[r], 0, problem.listed);
  }

 private:
  static constexpr std::int64_t clamp(std::int64_t v, std::int64_t low, std::int64_t high) {
    return v < low ? low : v > high ? high : v;
  }
};

static_assert(std::is_trivially_copyable_v<SampleArgs>);

}  // namespace topkit
