// topkit: from logits to tokens. C++20 interface, header-only over sampling.h, whose first comment says what a draw is.
//
//   std::vector<float> logits{1.0F, 3.0F, 2.0F, 3.0F};
//   auto drawn = topkit::sample(logits, {.temperature = 0.8F, .top_k = 3, .top_p = 0.9F, .seed = 7});   // drawn.tokens[0]
//   auto greedy = topkit::sample(logits, {.temperature = 0});                                            // token 1
//   auto shares = topkit::probabilities(logits, {.top_k = 3});      // what sample draws from: {0, 0.42, 0.16, 0.42}
//   auto best = topkit::topn_logprobs(logits, 2);                   // best.ids {1, 3}, best.logprobs {-0.9, -0.9}
//
// For matrices pass a topkit::MatrixView. Every function throws topkit::Error. All are thread-safe. On CUDA call sampling.h.
#ifndef TOPKIT_SAMPLING_HPP_
#define TOPKIT_SAMPLING_HPP_

#include <topkit/sampling.h>

#include <optional>
#include <topkit/topkit.hpp>
#include <utility>

namespace topkit {
inline namespace v0 {

// What top-p is measured against.
enum class TopPOf : std::int32_t {
  kept = TK_TOP_P_OF_KEPT,    // what min-p and top-k keep
  top_k = TK_TOP_P_OF_TOP_K,  // what top-k keeps
  all = TK_TOP_P_OF_ALL       // all candidates
};
enum class LogprobOf : std::int32_t {
  raw = TK_LOGPROB_RAW,             // of the logits as they came
  processed = TK_LOGPROB_PROCESSED  // of the probability it was drawn with
};

struct SamplingRules {
  TopPOf top_p_of = TopPOf::kept;
  bool top_p_inclusive = false, temperature_last = false;
};

// The rules of "hf" "vllm" "sglang" "trtllm" "flashinfer" "flashinfer_joint" "llamacpp" "nanochat".
inline SamplingRules preset(const char* name) {
  tk_sampling options;
  tk_sampling_init(&options);
  detail::check(tk_sampling_preset(&options, name));
  return {static_cast<TopPOf>(options.top_p_of), options.top_p_inclusive != 0, options.temperature_last != 0};
}

// As tk_sampling, whose comments say what each field means. Spans beginning with row_, and mask_map, row_map and lengths,
// have an entry a row of the output; an empty one is unset.
struct SampleOptions {
  float temperature = 1;
  std::int32_t top_k = 0;
  float top_p = 1, min_p = 0;
  std::uint64_t seed = 0, position = 0;
  std::uint32_t draw = 0;
  std::span<const float> row_temperature = {};
  std::span<const std::int64_t> row_top_k = {};
  std::span<const float> row_top_p = {}, row_min_p = {};
  std::span<const std::uint64_t> row_seed = {}, row_position = {};

  float softcap = 0;
  std::span<const std::int64_t> bias_ids = {};  // of every row
  std::span<const float> bias = {};
  MatrixView<const std::uint32_t> mask = {};  // 32 tokens a word; not used when data is null
  std::span<const std::int64_t> mask_map = {}, row_map = {}, lengths = {};

  SamplingRules rules = {};
  LogprobOf logprob_of = LogprobOf::raw;

  // sample only: what else than tokens and valid is wanted.
  std::int64_t draws = 1;       // of every row
  bool logprobs = false;        // of the tokens
  bool kept = false;            // how many each row was drawn from
  std::int64_t candidates = 0;  // so many of the kept, with their logprobs

  const char* algorithm = nullptr;
  const char* isa = nullptr;
  int threads = 0;
  tk_parallel_for parallel_for = nullptr;
  void* pool = nullptr;
};

// Row r has draws tokens from tokens[r * draws] on, and listed candidates from candidates[r * listed] on.
template <Index I = std::int64_t>
struct Samples {
  std::vector<I> tokens;
  std::vector<float> logprobs;      // as tokens, or empty
  std::vector<std::uint8_t> valid;  // 0: the row has no candidate
  std::vector<std::int32_t> kept;   // or empty
  std::vector<I> candidates;        // best first, then -1
  std::vector<float> candidate_logprobs;
  std::int64_t rows = 0, draws = 0, listed = 0;
};

// What topn_logprobs looks up besides the best tokens: a token and any number of probes a row; -1 is none.
struct LookUp {
  std::span<const std::int64_t> tokens = {};  // one a row
  std::span<const std::int64_t> probes = {};  // the same for every row
  std::span<const std::int64_t> row_n = {};   // how many of the best, at most the n of the call
};

// Row r has n ids and logprobs from [r * n] on, and probes.size() of probe_logprobs.
template <Index I = std::int64_t>
struct Logprobs {
  std::vector<I> ids;
  std::vector<float> logprobs;
  std::vector<float> token_logprobs;      // empty without tokens
  std::vector<std::int32_t> token_ranks;  // 1 + how many are strictly greater
  std::vector<float> probe_logprobs;
  std::vector<float> logsumexp;
  std::int64_t rows = 0, n = 0;
};

namespace detail {

// tk_sampling with the arrays it points to.
class SamplingSettings {
 public:
  explicit SamplingSettings(const SampleOptions& from) {
    tk_sampling_init(&options_);
    options_.temperature = from.temperature;
    options_.top_k = from.top_k;
    options_.top_p = from.top_p;
    options_.min_p = from.min_p;
    options_.seed = from.seed;
    options_.position = from.position;
    options_.draw = from.draw;
    options_.row_temperature = add(from.row_temperature);
    options_.row_top_k = add(from.row_top_k);
    options_.row_top_p = add(from.row_top_p);
    options_.row_min_p = add(from.row_min_p);
    options_.row_seed = add(from.row_seed);
    options_.row_position = add(from.row_position);
    options_.softcap = from.softcap;
    options_.bias_ids = add(from.bias_ids);
    options_.bias = add(from.bias);
    if (from.mask.data != nullptr) {
      const std::int64_t shape[2]{from.mask.rows, from.mask.cols}, strides[2]{from.mask.row_stride, 1};
      mask_.emplace(from.mask.data, type_of<std::uint32_t>, shape, strides);
      options_.mask = mask_->get();
    }
    options_.mask_map = add(from.mask_map);
    options_.row_map = add(from.row_map);
    options_.lengths = add(from.lengths);
    options_.top_p_of = static_cast<std::int32_t>(from.rules.top_p_of);
    options_.top_p_inclusive = from.rules.top_p_inclusive ? 1 : 0;
    options_.temperature_last = from.rules.temperature_last ? 1 : 0;
    options_.logprob_of = static_cast<std::int32_t>(from.logprob_of);
    options_.algorithm = from.algorithm;
    options_.isa = from.isa;
    options_.threads = from.threads;
    options_.parallel_for = from.parallel_for;
    options_.pool = from.pool;
  }
  SamplingSettings(const SamplingSettings&) = delete;
  SamplingSettings& operator=(const SamplingSettings&) = delete;

  const tk_sampling* get() const { return &options_; }

 private:
  template <class T>
  const DLTensor* add(std::span<const T> array) {
    if (array.empty()) return nullptr;
    const std::int64_t shape[1]{length(array.size())}, strides[1]{1};
    return columns_[used_++].emplace(array.data(), type_of<T>, shape, strides).get();
  }

  std::array<std::optional<Tensor>, 11> columns_;
  std::size_t used_ = 0;
  std::optional<Tensor> mask_;
  tk_sampling options_;
};

template <class T>
std::int64_t rows_of(const MatrixView<T>& x, const SampleOptions& options) {
  return options.row_map.empty() ? x.rows : length(options.row_map.size());
}

template <Element T>
std::vector<float> filtered(MatrixView<T> x, const SampleOptions& options, tk_filter_form form) {
  const std::int64_t rows = rows_of(x, options);
  std::vector<float> result(room(rows, x.cols));
  Tensor in(x.data, type_of<T>, {x.rows, x.cols}, {x.row_stride, 1});
  Tensor out(result.data(), type_of<float>, {rows, x.cols}, {x.cols, 1});
  check(tk_filter(in.get(), SamplingSettings(options).get(), form, out.get(), nullptr, nullptr));
  return result;
}

template <ElementRange R>
auto one_row(const R& logits) {
  return MatrixView(std::ranges::data(logits), 1, length(std::ranges::size(logits)));
}

}  // namespace detail

// Draws tokens of every row.
template <Index I = std::int64_t, Element T>
Samples<I> sample(MatrixView<T> x, const SampleOptions& options = {}) {
  Samples<I> result;
  const std::int64_t rows = result.rows = detail::rows_of(x, options);
  const std::int64_t draws = result.draws = options.draws, listed = result.listed = options.candidates;
  for (const auto& [name, value] : {std::pair{"draws", draws}, std::pair{"candidates", listed}})
    if (value < 0)
      throw Error(TK_INVALID_ARGUMENT, std::string(name) + " = " + std::to_string(value) + ": must not be negative");
  result.tokens.resize(detail::room(rows, draws));
  result.valid.resize(detail::room(rows, 1));
  if (options.logprobs) result.logprobs.resize(detail::room(rows, draws));
  if (options.kept) result.kept.resize(detail::room(rows, 1));
  result.candidates.resize(detail::room(rows, listed));
  result.candidate_logprobs.resize(detail::room(rows, listed));
  detail::Tensor in(x.data, detail::type_of<T>, {x.rows, x.cols}, {x.row_stride, 1});
  detail::Tensor tokens(result.tokens.data(), detail::type_of<I>, {rows, draws}, {draws, 1});
  detail::Tensor logprobs(result.logprobs.data(), detail::type_of<float>, {rows, draws}, {draws, 1});
  detail::Tensor valid(result.valid.data(), detail::type_of<std::uint8_t>, {rows}, {1});
  detail::Tensor kept(result.kept.data(), detail::type_of<std::int32_t>, {rows}, {1});
  detail::Tensor candidates(result.candidates.data(), detail::type_of<I>, {rows, listed}, {listed, 1});
  detail::Tensor candidate_logprobs(result.candidate_logprobs.data(), detail::type_of<float>, {rows, listed},
                                    {listed, 1});
  tk_sampled out;
  tk_sampled_init(&out);
  out.tokens = tokens.get();
  out.valid = valid.get();
  if (options.logprobs) out.logprobs = logprobs.get();
  if (options.kept) out.kept = kept.get();
  if (listed > 0) out.candidates = candidates.get();
  if (listed > 0) out.candidate_logprobs = candidate_logprobs.get();
  const detail::SamplingSettings settings(options);
  detail::check(tk_sample(in.get(), settings.get(), &out, nullptr, nullptr));
  return result;
}
template <Index I = std::int64_t, ElementRange R>
Samples<I> sample(const R& logits, const SampleOptions& options = {}) {
  return sample<I>(detail::one_row(logits), options);
}

// Exactly what sample draws from, row-major: z / temperature, with -inf where a token is not kept ...
template <Element T>
std::vector<float> filter_logits(MatrixView<T> x, const SampleOptions& options = {}) {
  return detail::filtered(x, options, TK_FILTER_LOGITS);
}
template <ElementRange R>
std::vector<float> filter_logits(const R& logits, const SampleOptions& options = {}) {
  return filter_logits(detail::one_row(logits), options);
}
// ... or the probabilities, with 0.
template <Element T>
std::vector<float> probabilities(MatrixView<T> x, const SampleOptions& options = {}) {
  return detail::filtered(x, options, TK_FILTER_PROBABILITIES);
}
template <ElementRange R>
std::vector<float> probabilities(const R& logits, const SampleOptions& options = {}) {
  return probabilities(detail::one_row(logits), options);
}

// The n best tokens of every row with their log-probabilities, and those of the tokens that are looked up.
template <Index I = std::int64_t, Element T>
Logprobs<I> topn_logprobs(MatrixView<T> x, std::int64_t n, const LookUp& look_up = {},
                          const SampleOptions& options = {}) {
  if (n < 0) throw Error(TK_INVALID_ARGUMENT, "n = " + std::to_string(n) + ": must not be negative");
  Logprobs<I> result;
  const std::int64_t rows = result.rows = detail::rows_of(x, options), probes = detail::length(look_up.probes.size());
  result.n = n;
  result.ids.resize(detail::room(rows, n));
  result.logprobs.resize(detail::room(rows, n));
  result.probe_logprobs.resize(detail::room(rows, probes));
  result.logsumexp.resize(detail::room(rows, 1));
  if (!look_up.tokens.empty()) {
    result.token_logprobs.resize(detail::room(rows, 1));
    result.token_ranks.resize(detail::room(rows, 1));
  }
  constexpr DLDataType kF32 = detail::type_of<float>, kI64 = detail::type_of<std::int64_t>;
  detail::Tensor in(x.data, detail::type_of<T>, {x.rows, x.cols}, {x.row_stride, 1});
  detail::Tensor tokens(look_up.tokens.data(), kI64, {detail::length(look_up.tokens.size())}, {1});
  detail::Tensor probe_ids(look_up.probes.data(), kI64, {probes}, {1});
  detail::Tensor row_n(look_up.row_n.data(), kI64, {detail::length(look_up.row_n.size())}, {1});
  detail::Tensor ids(result.ids.data(), detail::type_of<I>, {rows, n}, {n, 1});
  detail::Tensor logprobs(result.logprobs.data(), kF32, {rows, n}, {n, 1});
  detail::Tensor token_logprobs(result.token_logprobs.data(), kF32, {rows}, {1});
  detail::Tensor token_ranks(result.token_ranks.data(), detail::type_of<std::int32_t>, {rows}, {1});
  detail::Tensor probe_logprobs(result.probe_logprobs.data(), kF32, {rows, probes}, {probes, 1});
  detail::Tensor logsumexp(result.logsumexp.data(), kF32, {rows}, {1});
  tk_logprobs all;
  tk_logprobs_init(&all);
  if (!look_up.tokens.empty()) {
    all.tokens = tokens.get();
    all.token_logprobs = token_logprobs.get();
    all.token_ranks = token_ranks.get();
  }
  if (probes > 0) {
    all.probes = probe_ids.get();
    all.probe_logprobs = probe_logprobs.get();
  }
  if (!look_up.row_n.empty()) all.row_n = row_n.get();
  all.ids = ids.get();
  all.logprobs = logprobs.get();
  all.logsumexp = logsumexp.get();
  const detail::SamplingSettings settings(options);
  detail::check(tk_topn_logprobs(in.get(), settings.get(), &all, nullptr, nullptr));
  return result;
}
template <Index I = std::int64_t, ElementRange R>
Logprobs<I> topn_logprobs(const R& logits, std::int64_t n, const LookUp& look_up = {},
                          const SampleOptions& options = {}) {
  return topn_logprobs<I>(detail::one_row(logits), n, look_up, options);
}

}  // namespace v0
}  // namespace topkit

#endif  // TOPKIT_SAMPLING_HPP_
