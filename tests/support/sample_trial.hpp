// A call of the sampling interface whose every choice is drawn from a seed, to be made on one device and on another.
#pragma once

#include <bit>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <initializer_list>
#include <limits>
#include <random>
#include <stdexcept>
#include <string>
#include <vector>

#include "real_logits.hpp"
#include "topkit/sampling.h"

namespace topkit::test {

// Where tensors lie while a call is made; this one: in the host's memory, which is the stand-in's too.
struct SampleMemory {
  DLDevice device{kDLCPU, 0};
  SampleMemory() = default;
  explicit SampleMemory(DLDevice where) : device(where) {}
  virtual ~SampleMemory() = default;
  // Room on the device with these bytes in it, until after().
  virtual void* bring(std::vector<std::byte>& bytes) { return bytes.data(); }
  virtual void* stream() { return nullptr; }
  // The call has been made: waits for it, and what it wrote is in the vectors.
  virtual void after() {}
};

struct SampleTensor {
  std::vector<std::byte> bytes;
  std::int64_t shape[2], strides[2];
  DLTensor dl{};

  SampleTensor(DLDataType type, std::int64_t rows, std::int64_t cols, std::int64_t stride)
      : bytes(static_cast<std::size_t>(rows * stride * type.bits / 8), std::byte{0x5A}),
        shape{rows, cols},
        strides{stride, 1} {
    dl.data = bytes.data();
    dl.dtype = type;
    dl.ndim = cols == 0 ? 1 : 2;
    dl.shape = shape;
    dl.strides = strides;
  }
  SampleTensor(const SampleTensor&) = delete;
  SampleTensor& operator=(const SampleTensor&) = delete;
  template <class T>
  T* as() {
    return reinterpret_cast<T*>(bytes.data());
  }
};

inline constexpr DLDataType kF32{kDLFloat, 32, 1}, kBf16{kDLBfloat, 16, 1}, kF16{kDLFloat, 16, 1}, kI32{kDLInt, 32, 1},
    kI64{kDLInt, 64, 1}, kByte{kDLUInt, 8, 1};

inline constexpr const char* kSampleOutputs[] = {
    "tokens", "logprobs", "kept",        "valid",          "ids",       "id_logprobs",   "filtered",
    "token",  "probes",   "token_ranks", "token_logprobs", "logsumexp", "probe_logprobs"};

// One call whose every choice is drawn from a seed.
class SampleTrial {
 public:
  explicit SampleTrial(std::uint64_t seed,
                       std::initializer_list<std::int64_t> widths = {1, 5, 64, 700, 1025, 2049, 3333})
      : random_(static_cast<unsigned>(seed)),
        rows_(1 + draw(3)),
        cols_(one_of(widths)),
        x_(one_of({kF32, kBf16, kF16}), rows_, cols_, cols_ + draw(3)),
        temperature_(kF32, rows_, 0, 1),
        top_p_(kF32, rows_, 0, 1),
        min_p_(kF32, rows_, 0, 1),
        top_k_(kI32, rows_, 0, 1),
        seed_(kI64, rows_, 0, 1),
        lengths_(kI64, rows_, 0, 1) {
    const int shape = draw(6);
    for (std::int64_t i = 0; i < static_cast<std::int64_t>(x_.bytes.size()) / (x_.dl.dtype.bits / 8); ++i)
      put(i, shape);
    for (std::int64_t r = 0; r < rows_; ++r) {
      temperature_.as<float>()[r] = one_of({0.0F, 0.5F, 1.0F, 1.7F});
      top_p_.as<float>()[r] = one_of({1.0F, 0.9F, 0.5F, 0.0F});
      min_p_.as<float>()[r] = one_of({0.0F, 0.0F, 0.05F, 1.0F});
      top_k_.as<std::int32_t>()[r] = one_of({0, 1, 20, 100, 300});
      seed_.as<std::int64_t>()[r] = draw(1000);
      lengths_.as<std::int64_t>()[r] = draw(2) == 0 ? cols_ : draw(static_cast<int>(cols_) + 1);
    }
    tk_sampling_init(&options_);
    if (draw(3) == 0) options_.row_temperature = &temperature_.dl;
    if (draw(3) == 0) options_.row_top_p = &top_p_.dl;
    if (draw(3) == 0) options_.row_min_p = &min_p_.dl;
    if (draw(3) == 0) options_.row_top_k = &top_k_.dl;
    if (draw(3) == 0) options_.row_seed = &seed_.dl;
    if (draw(4) == 0) options_.lengths = &lengths_.dl;
    options_.temperature = one_of({0.0F, 0.7F, 1.0F, 3.0F});
    options_.top_k = one_of({0, 0, 1, 50, 200, 900});
    options_.top_p = one_of({1.0F, 1.0F, 0.95F, 0.3F});
    options_.min_p = one_of({0.0F, 0.0F, 0.02F});
    options_.seed = seed;
    options_.position = static_cast<std::uint64_t>(draw(9)) << 33;
    options_.softcap = one_of({0.0F, 0.0F, 8.0F});
    options_.top_p_of = draw(3);
    options_.top_p_inclusive = draw(2);
    options_.temperature_last = draw(2);
    options_.logprob_of = draw(2);
    op_ = draw(3);
    draws_ = 1 + draw(3);
    listed_ = one_of({0, 1, 7, 64, 256});
    if (op_ == 2) {
      options_.row_top_k = options_.row_top_p = options_.row_min_p = nullptr;
      options_.top_k = 0;
      options_.top_p = 1;
      options_.min_p = 0;
      options_.top_p_of = options_.top_p_inclusive = options_.temperature_last = 0;
    }
  }

  // A call that "selected" takes.
  void ask_for_k() {
    op_ = 0;
    options_.row_top_k = draw(3) == 0 ? &top_k_.dl : nullptr;
    options_.top_k = one_of({1, 3, 50, 200, 256});
    options_.softcap = 0;
    options_.top_p_of = draw(2);
    options_.logprob_of = TK_LOGPROB_PROCESSED;
  }

  // A call of topn_logprobs of logits as they are.
  void ask_for_logprobs() {
    op_ = 2;
    options_.row_top_k = options_.row_top_p = options_.row_min_p = nullptr;
    options_.top_k = options_.top_p_of = options_.top_p_inclusive = options_.temperature_last = 0;
    options_.top_p = 1;
    options_.min_p = options_.softcap = 0;
  }

  // The same, that "tiles" takes.
  void ask_for_few_logprobs() {
    ask_for_logprobs();
    listed_ = listed_ < 64 ? listed_ : 64;
  }

  // A call that "reread" answers in the pass that reads the row, or by a race and a verdict.
  void ask_for_tokens() {
    op_ = 0;
    draws_ = 1;
    listed_ = 0;
    tokens_alone_ = true;
    options_.row_top_k = options_.row_min_p = nullptr;
    options_.row_top_p = draw(3) == 0 ? &top_p_.dl : nullptr;
    options_.top_k = 0;
    options_.top_p = one_of({1.0F, 0.9F, 0.3F});
    options_.min_p = options_.softcap = 0;
  }

  // All outputs of the call, kSampleOutputs are their names. Throws when it is refused.
  std::vector<std::vector<std::byte>> run(SampleMemory& memory, const char* algorithm) {
    options_.algorithm = algorithm;
    SampleTensor tokens(kI64, rows_, draws_, draws_), logprobs(kF32, rows_, draws_, draws_), kept(kI32, rows_, 0, 1),
        valid(kByte, rows_, 0, 1), ids(kI64, rows_, listed_, listed_), id_logprobs(kF32, rows_, listed_, listed_),
        filtered(kF32, rows_, cols_, cols_), token(kI64, rows_, 0, 1), token_logprobs(kF32, rows_, 0, 1),
        ranks(kI32, rows_, 0, 1), probes(kI64, rows_, 3, 3), probe_logprobs(kF32, rows_, 3, 3), lse(kF32, rows_, 0, 1);
    for (std::int64_t r = 0; r < rows_; ++r) {
      token.as<std::int64_t>()[r] = (r * 37 + 11) % (cols_ + 1) - 1;
      for (std::int64_t j = 0; j < 3; ++j) probes.as<std::int64_t>()[r * 3 + j] = j * (cols_ - 1) / 2 - r % 2;
    }
    std::vector<SampleTensor*> outputs{&tokens, &logprobs, &kept,  &valid,          &ids, &id_logprobs,   &filtered,
                                       &token,  &probes,   &ranks, &token_logprobs, &lse, &probe_logprobs};
    std::vector<SampleTensor*> all = outputs;
    for (SampleTensor* t : {&x_, &temperature_, &top_p_, &min_p_, &top_k_, &seed_, &lengths_}) all.push_back(t);
    for (SampleTensor* t : all) {
      t->dl.device = memory.device;
      t->dl.data = memory.bring(t->bytes);
    }
    std::vector<std::byte> workspace;
    DLTensor room{};
    std::int64_t room_bytes = 0;
    constexpr std::size_t kAligned = 256;
    const auto make = [&](auto query, auto call) {
      std::size_t needed = 0;
      if (query(&needed) != TK_OK) throw std::runtime_error(tk_last_error());
      workspace.resize(needed == 0 ? 0 : needed + kAligned, std::byte{0x77});
      room_bytes = static_cast<std::int64_t>(needed);
      room = {nullptr, memory.device, 1, kByte, &room_bytes, nullptr, 0};
      if (needed > 0) {
        const auto at = reinterpret_cast<std::uintptr_t>(memory.bring(workspace));
        room.data = reinterpret_cast<void*>((at + kAligned - 1) / kAligned * kAligned);
      }
      if (call(needed == 0 ? nullptr : &room, memory.stream()) != TK_OK) throw std::runtime_error(tk_last_error());
    };
    if (op_ == 0) {
      tk_sampled out;
      tk_sampled_init(&out);
      out.tokens = &tokens.dl;
      if (!tokens_alone_) {
        out.logprobs = &logprobs.dl;
        out.kept = &kept.dl;
      }
      out.valid = &valid.dl;
      if (listed_ > 0) {
        out.candidates = &ids.dl;
        out.candidate_logprobs = &id_logprobs.dl;
      }
      make([&](std::size_t* bytes) { return tk_sample_workspace(&x_.dl, &options_, &out, bytes); },
           [&](DLTensor* w, void* s) { return tk_sample(&x_.dl, &options_, &out, w, s); });
    } else if (op_ == 1) {
      const auto form = draws_ % 2 == 0 ? TK_FILTER_LOGITS : TK_FILTER_PROBABILITIES;
      make([&](std::size_t* bytes) { return tk_filter_workspace(&x_.dl, &options_, form, &filtered.dl, bytes); },
           [&](DLTensor* w, void* s) { return tk_filter(&x_.dl, &options_, form, &filtered.dl, w, s); });
    } else {
      tk_logprobs out;
      tk_logprobs_init(&out);
      out.tokens = &token.dl;
      out.probes = &probes.dl;
      if (listed_ > 0) {
        out.ids = &ids.dl;
        out.logprobs = &id_logprobs.dl;
      }
      out.token_logprobs = &token_logprobs.dl;
      out.token_ranks = &ranks.dl;
      out.probe_logprobs = &probe_logprobs.dl;
      out.logsumexp = &lse.dl;
      make([&](std::size_t* bytes) { return tk_topn_logprobs_workspace(&x_.dl, &options_, &out, bytes); },
           [&](DLTensor* w, void* s) { return tk_topn_logprobs(&x_.dl, &options_, &out, w, s); });
    }
    memory.after();
    std::vector<std::vector<std::byte>> found;
    for (const SampleTensor* t : outputs) found.push_back(t->bytes);
    return found;
  }

  std::string name() const {
    const char* const ops[] = {"sample", "filter", "logprobs"};
    return std::string(ops[op_]) + " " + std::to_string(rows_) + "x" + std::to_string(cols_) + " of " +
           std::to_string(x_.dl.dtype.bits) + " bits, k " + std::to_string(options_.top_k) + ", p " +
           std::to_string(options_.top_p) + ", listed " + std::to_string(listed_);
  }

 private:
  int draw(int below) { return static_cast<int>(random_() % static_cast<unsigned>(below)); }
  template <class T>
  T one_of(std::initializer_list<T> list) {
    return list.begin()[draw(static_cast<int>(list.size()))];
  }
  void put(std::int64_t i, int shape) {
    const float normal = std::normal_distribution<float>(0, 4)(random_);
    const float value = shape == 0   ? static_cast<float>(draw(3))
                        : shape == 1 ? (draw(4) == 0 ? -std::numeric_limits<float>::infinity() : normal)
                        : shape == 2 ? (draw(9) == 0 ? std::numeric_limits<float>::quiet_NaN() : normal / 40)
                        : shape == 3 ? bench::real_logits()[static_cast<std::size_t>(i) % bench::real_logits().size()]
                                     : normal;
    const auto bits = std::bit_cast<std::uint32_t>(value);
    if (x_.dl.dtype.bits == 32) {
      x_.as<std::uint32_t>()[i] = bits;
    } else if (x_.dl.dtype.code == kDLBfloat) {
      x_.as<std::uint16_t>()[i] = static_cast<std::uint16_t>(bits >> 16);
    } else {
      x_.as<std::uint16_t>()[i] = static_cast<std::uint16_t>((bits >> 16 & 0x8000) | (bits >> 13 & 0x1FFF) | 0x3000);
    }
  }

  std::mt19937 random_;
  std::int64_t rows_, cols_;
  SampleTensor x_, temperature_, top_p_, min_p_, top_k_, seed_, lengths_;
  tk_sampling options_{};
  int op_ = 0;
  std::int64_t draws_ = 1, listed_ = 0;
  bool tokens_alone_ = false;
};

}  // namespace topkit::test
