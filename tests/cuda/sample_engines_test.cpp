// What a program asks of the C interface, on the stand-in's devices and on the CPU: every byte of the answers must agree.
#include <gtest/gtest.h>

#include <bit>
#include <cstring>
#include <random>

#include "cuda/simt/machine.hpp"
#include "sampling/plan.hpp"
#include "topkit/sampling.h"

namespace topkit::test {
namespace {

// A tensor that says it is on a device; the stand-in's memory is the host's.
struct Tensor {
  std::vector<std::byte> bytes;
  std::int64_t shape[2], strides[2];
  DLTensor dl{};

  Tensor(DLDataType type, std::int64_t rows, std::int64_t cols, std::int64_t stride)
      : bytes(static_cast<std::size_t>(rows * stride * type.bits / 8), std::byte{0x5A}),
        shape{rows, cols},
        strides{stride, 1} {
    dl.data = bytes.data();
    dl.dtype = type;
    dl.ndim = cols == 0 ? 1 : 2;
    dl.shape = shape;
    dl.strides = strides;
  }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;
  template <class T>
  T* as() {
    return reinterpret_cast<T*>(bytes.data());
  }
};

constexpr DLDataType kF32{kDLFloat, 32, 1}, kBf16{kDLBfloat, 16, 1}, kF16{kDLFloat, 16, 1}, kI32{kDLInt, 32, 1},
    kI64{kDLInt, 64, 1}, kBool{kDLUInt, 8, 1};

constexpr const char* kOutputs[] = {"tokens",         "logprobs",  "kept",          "valid",  "ids",
                                    "id_logprobs",    "filtered",  "token",         "probes", "token_ranks",
                                    "token_logprobs", "logsumexp", "probe_logprobs"};

// One call whose every choice is drawn from a seed.
class Call {
 public:
  explicit Call(std::uint64_t seed)
      : random_(static_cast<unsigned>(seed)),
        rows_(1 + draw(3)),
        cols_(one_of({1, 5, 64, 700, 1025, 2049, 3333})),
        x_(one_of({kF32, kBf16, kF16}), rows_, cols_, cols_ + draw(3)),
        temperature_(kF32, rows_, 0, 1),
        top_p_(kF32, rows_, 0, 1),
        min_p_(kF32, rows_, 0, 1),
        top_k_(kI32, rows_, 0, 1),
        seed_(kI64, rows_, 0, 1),
        lengths_(kI64, rows_, 0, 1) {
    const int shape = draw(5);
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

  // All outputs of the call on a device; kOutputs are their names.
  std::vector<std::vector<std::byte>> run(DLDevice device, const char* algorithm) {
    for (Tensor* t : {&x_, &temperature_, &top_p_, &min_p_, &top_k_, &seed_, &lengths_}) t->dl.device = device;
    options_.algorithm = algorithm;
    Tensor tokens(kI64, rows_, draws_, draws_), logprobs(kF32, rows_, draws_, draws_), kept(kI32, rows_, 0, 1),
        valid(kBool, rows_, 0, 1), ids(kI64, rows_, listed_, listed_), id_logprobs(kF32, rows_, listed_, listed_),
        filtered(kF32, rows_, cols_, cols_), token(kI64, rows_, 0, 1), token_logprobs(kF32, rows_, 0, 1),
        ranks(kI32, rows_, 0, 1), probes(kI64, rows_, 3, 3), probe_logprobs(kF32, rows_, 3, 3), lse(kF32, rows_, 0, 1);
    for (std::int64_t r = 0; r < rows_; ++r) {
      token.as<std::int64_t>()[r] = (r * 37 + 11) % (cols_ + 1) - 1;
      for (std::int64_t j = 0; j < 3; ++j) probes.as<std::int64_t>()[r * 3 + j] = j * (cols_ - 1) / 2 - r % 2;
    }
    std::vector<Tensor*> outputs{&tokens, &logprobs, &kept,  &valid,          &ids, &id_logprobs,   &filtered,
                                 &token,  &probes,   &ranks, &token_logprobs, &lse, &probe_logprobs};
    for (Tensor* t : outputs) t->dl.device = device;
    tk_status status = TK_OK;
    if (op_ == 0) {
      tk_sampled out;
      tk_sampled_init(&out);
      out.tokens = &tokens.dl;
      out.logprobs = &logprobs.dl;
      out.kept = &kept.dl;
      out.valid = &valid.dl;
      if (listed_ > 0) {
        out.candidates = &ids.dl;
        out.candidate_logprobs = &id_logprobs.dl;
      }
      status = tk_sample(&x_.dl, &options_, &out, nullptr, nullptr);
    } else if (op_ == 1) {
      const auto form = draws_ % 2 == 0 ? TK_FILTER_LOGITS : TK_FILTER_PROBABILITIES;
      status = tk_filter(&x_.dl, &options_, form, &filtered.dl, nullptr, nullptr);
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
      status = tk_topn_logprobs(&x_.dl, &options_, &out, nullptr, nullptr);
    }
    EXPECT_EQ(status, TK_OK) << tk_last_error();
    std::vector<std::vector<std::byte>> all;
    for (const Tensor* t : outputs) all.push_back(t->bytes);
    return all;
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
  Tensor x_, temperature_, top_p_, min_p_, top_k_, seed_, lengths_;
  tk_sampling options_{};
  int op_ = 0;
  std::int64_t draws_ = 1, listed_ = 0;
};

TEST(SampleEngines, answer_alike_whatever_is_asked) {
  constexpr int kCalls = 90;
  for (std::uint64_t seed = 0; seed < kCalls; ++seed) {
    Call call(seed);
    const auto wanted = call.run({kDLCPU, 0}, nullptr);
    const char* const names[] = {nullptr, "resident", "reread"};
    const int device = static_cast<int>(seed % 3);
    simt::settings().seed = seed % 8;
    // The device before clusters has no room for the longer rows.
    const char* const algorithm = device == 2 ? nullptr : names[seed / 3 % 3];
    const auto found = call.run({kDLCUDA, device}, algorithm);
    for (std::size_t i = 0; i < wanted.size(); ++i)
      ASSERT_EQ(found[i], wanted[i]) << kOutputs[i] << " of " << call.name() << ", call " << seed << ", device "
                                     << device << ", " << (algorithm == nullptr ? "chosen" : algorithm);
  }
}

TEST(SampleEngines, more_candidates_than_a_block_orders_are_refused) {
  SampleProblem p;
  p.device = DeviceKind::cuda;
  p.rows = p.x_rows = 1;
  p.cols = 1000;
  p.listed = 257;
  Device device;
  device.kind = DeviceKind::cuda;
  device.capability = 90;
  device.sms = 132;
  device.shared_bytes = 232448;
  EXPECT_ANY_THROW(choose(p, device));
  p.listed = 256;
  EXPECT_NO_THROW(choose(p, device));
}

TEST(SampleEngines, a_row_is_spread_over_what_holds_it) {
  SampleProblem p;
  p.device = DeviceKind::cuda;
  p.rows = p.x_rows = 1;
  Device device;
  device.kind = DeviceKind::cuda;
  device.capability = 90;
  device.sms = 132;
  device.shared_bytes = 232448;
  for (const std::int64_t cols : {1, 1000, 32768, 50257, 128256, 262144, 700000}) {
    p.cols = cols;
    const SamplePlan plan = choose(p, device);
    EXPECT_EQ(plan.algorithm, SampleAlgorithm::cuda_resident) << cols;
    EXPECT_LE(plan.cluster_blocks, 16) << cols;
  }
  p.cols = 2000000;
  EXPECT_EQ(choose(p, device).algorithm, SampleAlgorithm::cuda_reread);
  device.capability = 80;
  device.shared_bytes = 166912;
  p.cols = 32768;
  EXPECT_EQ(choose(p, device).cluster_blocks, 1);
  p.cols = 128256;
  EXPECT_EQ(choose(p, device).algorithm, SampleAlgorithm::cuda_reread);
}

}  // namespace
}  // namespace topkit::test
