#include "validate.hpp"

#include <algorithm>
#include <limits>

#include "options.hpp"
#include "reader.hpp"
#include "rules.hpp"

namespace topkit {

using namespace sampling;

namespace {

constexpr std::int64_t kMaxCols = std::numeric_limits<std::int32_t>::max();

void read_logits(Reader& reader, const SampleRequest& request, SampleArgs& args) {
  SampleProblem& p = args.problem;
  const Tensor& x = reader.input("logits", request.logits);
  const auto dtype = dtype_from(x.dtype);
  check_type(x, dtype == DType::f32 || dtype == DType::f16 || dtype == DType::bf16, "float32, float16 or bfloat16");
  if (x.rank != 1 && x.rank != 2) wrong_shape(x, "[cols] or [rows, cols]");
  p.dtype = *dtype;
  p.device = x.device;
  p.cols = x.shape[x.rank - 1];
  if (p.cols < 1 || p.cols > kMaxCols)
    invalid("logits.shape = {}: a row has 1 to {} tokens", shape_text(x.shape, x.rank), kMaxCols);
  if (p.cols > 1 && x.elements > 0 && last_stride(x) != 1)  // of an empty tensor some write 0
    invalid("logits.strides = {}: the last axis must have stride 1", shape_text(x.strides.data(), x.rank));
  p.x_rows = x.rank == 1 ? 1 : x.shape[0];
  p.row_stride = x.rank == 1 ? 0 : x.strides[0];
  p.rows = p.x_rows;
  args.x = x.data;
}

void read_steps(Reader& reader, const tk_sampling& options, SampleArgs& args) {
  SampleProblem& p = args.problem;
  if (options.row_map != nullptr) {
    p.has_row_map = true;
    const Tensor& t = reader.input("row_map", options.row_map);
    const IndexType type = id_type(t);
    if (t.rank != 1) wrong_shape(t, "[rows]");
    p.rows = t.shape[0];
    if (p.rows > 0 && p.x_rows == 0) invalid("row_map: given, but logits has no rows");
    args.row_map = {.data = t.data, .type = type, .stride = t.strides[0]};
  }
  args.lengths = int_rows(reader, "lengths", options.lengths, p.cols, p.rows);
  p.has_lengths = options.lengths != nullptr;
  args.softcap = options.softcap;
  p.has_softcap = options.softcap > 0;
  if (options.bias_ids != nullptr) {
    p.has_bias = true;
    const Tensor& ids = reader.input("bias_ids", options.bias_ids);
    args.bias_ids = id_lists(ids, p.rows);
    const Tensor& t = reader.input("bias", options.bias);
    check_f32(t);
    if (t.rank != ids.rank || !std::equal(t.shape, t.shape + t.rank, ids.shape))
      wrong_shape(t, "the shape of bias_ids, " + shape_text(ids.shape, ids.rank));
    args.bias = {
        .data = reinterpret_cast<const float*>(t.data), .row_stride = list_row_stride(t), .stride = last_stride(t)};
  }
  if (options.mask != nullptr) {
    p.has_mask = true;
    const Tensor& t = reader.input("mask", options.mask);
    check_type(t, (t.dtype.code == kDLInt || t.dtype.code == kDLUInt) && t.dtype.bits == 32, "int32 or uint32");
    const std::int64_t words = (p.cols + 31) / 32, least = options.mask_map == nullptr ? p.rows : 0;
    if (t.rank != 2 || t.shape[0] < least || t.shape[1] < words)
      wrong_shape(t, formatted("[{} or more, {} or more]", least, words));
    if (t.shape[1] > 1 && t.strides[1] != 1)
      invalid("mask.strides = {}: the last axis must have stride 1", shape_text(t.strides.data(), t.rank));
    args.mask = reinterpret_cast<const std::uint32_t*>(t.data);
    args.mask_stride = t.strides[0];
    args.mask_rows = t.shape[0];
    args.mask_map = int_rows(reader, "mask_map", options.mask_map, 0, p.rows);
  }
}

void read_parameters(Reader& reader, const tk_sampling& options, SampleArgs& args) {
  SampleProblem& p = args.problem;
  args.temperature = f32_rows(reader, "row_temperature", options.row_temperature, options.temperature, p.rows);
  args.top_k = int_rows(reader, "row_top_k", options.row_top_k, options.top_k, p.rows);
  args.top_p = f32_rows(reader, "row_top_p", options.row_top_p, options.top_p, p.rows);
  args.min_p = f32_rows(reader, "row_min_p", options.row_min_p, options.min_p, p.rows);
  args.seed = u64_rows(reader, "row_seed", options.row_seed, options.seed, p.rows);
  args.position = u64_rows(reader, "row_position", options.row_position, options.position, p.rows);
  args.draw = options.draw;
  p.may_top_k = options.row_top_k != nullptr || options.top_k > 0;
  p.top_k = options.row_top_k != nullptr ? 0 : options.top_k;
  p.may_top_p = options.row_top_p != nullptr || options.top_p < 1;
  p.may_min_p = options.row_min_p != nullptr || options.min_p > 0;
  p.may_greedy = options.row_temperature != nullptr || options.row_top_k != nullptr ||
                 options.temperature <= sampling::kGreedyTemperature || options.top_k == 1;
  p.top_p_of = static_cast<TopPOf>(options.top_p_of);
  p.top_p_inclusive = options.top_p_inclusive != 0;
  p.temperature_last = options.temperature_last != 0;
  p.logprob_of = static_cast<LogprobOf>(options.logprob_of);
}

void read_sample(Reader& reader, const tk_sampled& out, SampleArgs& args) {
  SampleProblem& p = args.problem;
  if (out.tokens == nullptr && out.logprobs == nullptr && out.kept == nullptr && out.valid == nullptr &&
      out.candidates == nullptr && out.candidate_logprobs == nullptr)
    invalid("tokens = NULL, as are all outputs: at least one must be given");
  // [rows] or [rows, draws]; the first of tokens and logprobs says how many.
  bool have_draws = false;
  int rank = 1;
  const auto check_draws = [&](const Tensor& t) {
    const std::int64_t draws = t.rank == 2 ? t.shape[1] : 1;
    if ((t.rank != 1 && t.rank != 2) || t.shape[0] != p.rows)
      wrong_shape(t, formatted("[{}] or [{}, draws]", p.rows, p.rows));
    if (have_draws && (t.rank != rank || draws != p.draws))
      wrong_shape(t, rank == 1 ? formatted("that of tokens, [{}]", p.rows)
                               : formatted("that of tokens, [{}, {}]", p.rows, p.draws));
    have_draws = true;
    rank = t.rank;
    p.draws = draws;
  };
  bool typed = false;
  if (out.tokens != nullptr) {
    const Tensor& t = reader.output("tokens", out.tokens);
    p.id_type = id_type(t);
    typed = true;
    check_draws(t);
    args.tokens = id_output_of(t);
    p.wants_tokens = true;
  }
  if (out.logprobs != nullptr) {
    const Tensor& t = reader.output("logprobs", out.logprobs);
    check_f32(t);
    check_draws(t);
    args.logprobs = output_of<float>(t);
    p.wants_logprobs = true;
  }
  if (out.kept != nullptr) {
    const Tensor& t = reader.output("kept", out.kept);
    check_type(t, t.dtype.code == kDLInt && t.dtype.bits == 32, "int32");
    check_column(t, p.rows);
    args.kept = output_of<std::int32_t>(t);
    p.wants_kept = true;
  }
  if (out.valid != nullptr) {
    const Tensor& t = reader.output("valid", out.valid);
    constexpr int kBool = 6;  // kDLBool, which older headers do not name
    check_type(t, (t.dtype.code == kBool || t.dtype.code == kDLUInt) && t.dtype.bits == 8, "bool or uint8");
    check_column(t, p.rows);
    args.valid = output_of<std::uint8_t>(t);
    p.wants_valid = true;
  }
  if (out.candidates != nullptr) {
    const Tensor& t = reader.output("candidates", out.candidates);
    const IndexType type = id_type(t);
    if (typed) check_type(t, type == p.id_type, "the type of tokens");
    p.id_type = type;
    check_rows(t, p.rows);
    p.listed = t.shape[1];
    args.candidates = id_output_of(t);
  }
  if (out.candidate_logprobs != nullptr) {
    const Tensor& t = reader.output("candidate_logprobs", out.candidate_logprobs);
    check_f32(t);
    check_rows(t, p.rows);
    if (out.candidates != nullptr && t.shape[1] != p.listed)
      wrong_shape(t, formatted("that of candidates, [{}, {}]", p.rows, p.listed));
    p.listed = t.shape[1];
    args.candidate_logprobs = output_of<float>(t);
  }
  if (p.draws > (std::int64_t{1} << 32) - args.draw)
    invalid("draw = {}: with {} draws a row the last number must be below 2^32", args.draw, p.draws);
}

void read_filter(Reader& reader, const SampleRequest& request, SampleArgs& args) {
  SampleProblem& p = args.problem;
  if (request.form != TK_FILTER_LOGITS && request.form != TK_FILTER_PROBABILITIES)
    invalid("form = {}: must be TK_FILTER_LOGITS (0) or TK_FILTER_PROBABILITIES (1)", static_cast<int>(request.form));
  p.form = request.form == TK_FILTER_LOGITS ? FilterForm::logits : FilterForm::probabilities;
  const Tensor& t = reader.output("out", request.filtered);
  check_f32(t);
  if (t.rank != 2 || t.shape[0] != p.rows || t.shape[1] != p.cols)
    wrong_shape(t, formatted("[{}, {}]", p.rows, p.cols));
  if (p.cols > 1 && t.elements > 0 && t.strides[1] != 1)
    invalid("out.strides = {}: the last axis must have stride 1", shape_text(t.strides.data(), t.rank));
  args.filtered = output_of<float>(t);
}

void read_topn(Reader& reader, const tk_sampling& options, const tk_logprobs& out, SampleArgs& args) {
  SampleProblem& p = args.problem;
  if (p.may_top_k || p.may_top_p || p.may_min_p || options.top_p_of != 0 || p.top_p_inclusive || p.temperature_last)
    invalid("{}: must be unset, topn_logprobs looks at all candidates", p.may_top_k   ? "top_k"
                                                                        : p.may_top_p ? "top_p"
                                                                        : p.may_min_p
                                                                            ? "min_p"
                                                                            : "the rules of top_p and temperature");
  if (out.ids == nullptr && out.logprobs == nullptr && out.token_logprobs == nullptr && out.token_ranks == nullptr &&
      out.probe_logprobs == nullptr && out.logsumexp == nullptr)
    invalid("ids = NULL, as are all outputs: at least one must be given");
  if (out.tokens == nullptr && (out.token_logprobs != nullptr || out.token_ranks != nullptr))
    invalid("tokens = NULL: token_logprobs and token_ranks need them");
  if ((out.probes == nullptr) != (out.probe_logprobs == nullptr))
    invalid("{} = NULL: probes and probe_logprobs are given together or not at all",
            out.probes == nullptr ? "probes" : "probe_logprobs");
  if (out.row_n != nullptr && out.ids == nullptr && out.logprobs == nullptr)
    invalid("row_n: given, but neither ids nor logprobs");
  p.may_greedy = false;
  if (out.tokens != nullptr) args.tokens_in = int_rows(reader, "tokens", out.tokens, 0, p.rows);
  if (out.probes != nullptr) {
    args.probes = id_lists(reader.input("probes", out.probes), p.rows);
    p.probes = args.probes.count;
  }
  if (out.ids != nullptr) {
    const Tensor& t = reader.output("ids", out.ids);
    p.id_type = id_type(t);
    check_rows(t, p.rows);
    p.listed = t.shape[1];
    args.ids = id_output_of(t);
  }
  if (out.logprobs != nullptr) {
    const Tensor& t = reader.output("logprobs", out.logprobs);
    check_f32(t);
    check_rows(t, p.rows);
    if (out.ids != nullptr && t.shape[1] != p.listed)
      wrong_shape(t, formatted("that of ids, [{}, {}]", p.rows, p.listed));
    p.listed = t.shape[1];
    args.id_logprobs = output_of<float>(t);
  }
  args.row_n = int_rows(reader, "row_n", out.row_n, p.listed, p.rows);
  if (out.token_logprobs != nullptr)
    args.token_logprobs = f32_column(reader, "token_logprobs", out.token_logprobs, p.rows);
  if (out.token_ranks != nullptr) {
    const Tensor& t = reader.output("token_ranks", out.token_ranks);
    check_type(t, t.dtype.code == kDLInt && t.dtype.bits == 32, "int32");
    check_column(t, p.rows);
    args.token_ranks = output_of<std::int32_t>(t);
  }
  if (out.probe_logprobs != nullptr) {
    const Tensor& t = reader.output("probe_logprobs", out.probe_logprobs);
    check_f32(t);
    if (t.rank != 2 || t.shape[0] != p.rows || t.shape[1] != p.probes)
      wrong_shape(t, formatted("[{}, {}]", p.rows, p.probes));
    args.probe_logprobs = output_of<float>(t);
  }
  if (out.logsumexp != nullptr) args.logsumexp = f32_column(reader, "logsumexp", out.logsumexp, p.rows);
}

void check_f32_contents(std::string_view name, const PerRowF32& array, std::int64_t rows, float most,
                        std::string_view rule) {
  for (std::int64_t r = 0; array.data != nullptr && r < rows; ++r)
    if (!(array[r] >= 0 && array[r] <= most)) invalid("{}[{}] = {}: must be {}", name, r, array[r], rule);
}

void check_int_contents(std::string_view name, const PerRowInt& array, std::int64_t rows, std::int64_t low,
                        std::int64_t high) {
  for (std::int64_t r = 0; array.data != nullptr && r < rows; ++r)
    if (array[r] < low || array[r] > high) invalid("{}[{}] = {}: must be in {}..{}", name, r, array[r], low, high);
}

void check_list_contents(std::string_view name, const IdLists& lists, std::int64_t rows, std::int64_t cols) {
  if (lists.data == nullptr) return;
  const bool shared = lists.row_stride == 0;
  for (std::int64_t r = 0; r < (shared ? std::min<std::int64_t>(rows, 1) : rows); ++r)
    for (std::int64_t j = 0; j < lists.count; ++j)
      if (const std::int64_t id = lists.at(r, j); id < -1 || id >= cols)
        invalid("{}[{}] = {}: must be in -1..{}", name, shared ? formatted("{}", j) : formatted("{}, {}", r, j), id,
                cols - 1);
}

// Where an engine on the host would clamp, the caller hears of it.
void check_contents(const SampleArgs& args) {
  const SampleProblem& p = args.problem;
  constexpr float kFinite = std::numeric_limits<float>::max();
  constexpr std::int64_t kAny = std::numeric_limits<std::int64_t>::max();
  check_f32_contents("row_temperature", args.temperature, p.rows, kFinite, "finite and not negative");
  check_f32_contents("row_top_p", args.top_p, p.rows, 1, "in 0..1");
  check_f32_contents("row_min_p", args.min_p, p.rows, 1, "in 0..1");
  check_int_contents("row_top_k", args.top_k, p.rows, 0, kAny);
  check_int_contents("row_map", args.row_map, p.rows, 0, p.x_rows - 1);
  check_int_contents("lengths", args.lengths, p.rows, 0, p.cols);
  check_int_contents("mask_map", args.mask_map, p.rows, -1, args.mask_rows - 1);
  check_int_contents("tokens", args.tokens_in, p.rows, -1, p.cols - 1);
  check_int_contents("row_n", args.row_n, p.rows, 0, p.listed);
  check_list_contents("bias_ids", args.bias_ids, p.rows, p.cols);
  check_list_contents("probes", args.probes, p.rows, p.cols);
}

}  // namespace

SampleCall validate(const SampleRequest& request, Use use) {
  const tk_sampling options = read_sampling(request.options);
  SampleCall call;
  SampleArgs& args = call.args;
  args.problem.op = request.op;
  Reader reader(use);
  read_logits(reader, request, args);
  read_steps(reader, options, args);
  read_parameters(reader, options, args);
  switch (request.op) {
    case SampleOp::sample: read_sample(reader, read_sampled(request.sampled), args); break;
    case SampleOp::filter: read_filter(reader, request, args); break;
    case SampleOp::logprobs: read_topn(reader, options, read_logprobs(request.logprobs), args); break;
  }
  const Tensor& x = reader.logits();
  call.ordinal = x.device_id;
  call.wish = read_wish(options.algorithm, options.isa, options.threads, options.parallel_for, x);
  call.pool = {options.parallel_for, options.pool};
  reader.scratch(request, call);
  if (reader.looks()) check_contents(args);
  return call;
}

}  // namespace topkit
