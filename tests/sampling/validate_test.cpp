// What is wrong is refused by name, value and rule, and nothing is written.
#include <functional>

#include "support.hpp"

namespace topkit::test {
namespace {

// A right call of tk_sample over [3, 40] logits, which a test changes in one respect.
struct Small {
  std::vector<float> x = std::vector<float>(120, 1), logprobs = std::vector<float>(3, -7);
  std::vector<std::int64_t> tokens = std::vector<std::int64_t>(3, -7);
  View logits{x, {3, 40}}, out_tokens{tokens, {3}}, out_logprobs{logprobs, {3}};
  tk_sampling options = sampling();
  tk_sampled out;
  const DLTensor* in = logits.get();
  DLTensor* workspace = nullptr;
  void* stream = nullptr;

  Small() {
    tk_sampled_init(&out);
    out.tokens = out_tokens.get();
    out.logprobs = out_logprobs.get();
  }
  std::string refusal() {
    const tk_status status = tk_sample(in, &options, &out, workspace, stream);
    if (status == TK_OK) return "";
    const bool untouched = std::count(tokens.begin(), tokens.end(), -7) == 3 && logprobs[0] == -7;
    return std::string(tk_status_name(status)) + ": " + tk_last_error() +
           (untouched ? "" : " (but outputs were written)");
  }
};

std::string refused(const std::function<void(Small&)>& change) {
  Small call;
  change(call);
  return call.refusal();
}

TEST(SamplingValidate, scalars_out_of_range) {
  EXPECT_EQ(refused([](Small&) {}), "");
  const std::vector<std::pair<std::function<void(tk_sampling&)>, std::string>> wrong{
      {[](auto& o) { o.temperature = -0.5F; }, "temperature = -0.5: must be finite and not negative"},
      {[](auto& o) { o.temperature = kNaN; }, "temperature = nan: must be finite and not negative"},
      {[](auto& o) { o.temperature = kInf; }, "temperature = inf: must be finite and not negative"},
      {[](auto& o) { o.top_k = -1; }, "top_k = -1: must be 0 (off) or more"},
      {[](auto& o) { o.top_p = 1.5F; }, "top_p = 1.5: must be in 0..1"},
      {[](auto& o) { o.top_p = kNaN; }, "top_p = nan: must be in 0..1"},
      {[](auto& o) { o.min_p = -0.25F; }, "min_p = -0.25: must be in 0..1"},
      {[](auto& o) { o.softcap = -1; }, "softcap = -1: must be 0 (off) or positive and finite"},
      {[](auto& o) { o.softcap = 1e-40F; }, "softcap = 1e-40: 1 / softcap must be a normal float32"},
      {[](auto& o) { o.top_p_of = 3; },
       "top_p_of = 3: must be TK_TOP_P_OF_KEPT (0), TK_TOP_P_OF_TOP_K (1) or TK_TOP_P_OF_ALL (2)"},
      {[](auto& o) { o.top_p_inclusive = 2; }, "top_p_inclusive = 2: must be 0 or 1"},
      {[](auto& o) { o.temperature_last = -1; }, "temperature_last = -1: must be 0 or 1"},
      {[](auto& o) { o.logprob_of = 2; }, "logprob_of = 2: must be TK_LOGPROB_RAW (0) or TK_LOGPROB_PROCESSED (1)"},
      {[](auto& o) { o.threads = -1; }, "threads = -1: must be 0 (as many as pay) or more"},
      {[](auto& o) { o.size = 3; }, "sampling.size = 3: not a size of any version; call tk_sampling_init first"},
      {[](auto& o) { o.isa = "mmx"; }, "isa = mmx: must be one of avx512 avx2 neon scalar"},
      {[](auto& o) { o.algorithm = "best"; }, "algorithm = best: on cpu it must be one of rows"}};
  for (const auto& [change, sentence] : wrong)
    EXPECT_EQ(refused([&change = change](Small& call) { change(call.options); }), "invalid argument: " + sentence);
}

TEST(SamplingValidate, arrays_out_of_range) {
  const std::vector<float> negative{1, -1, 1}, above{0, 1, 1.5F}, nan{kNaN, 1, 1};
  const std::vector<std::int32_t> ints{1, -2, 5}, large{0, 2, 41}, two{1, 2};
  View minus(negative, {3}), over(above, {3}), no_number(nan, {3}), mixed(ints, {3}), far(large, {3}),
      short_one(two, {2});
  const std::vector<std::pair<std::function<void(tk_sampling&)>, std::string>> wrong{
      {[&](auto& o) { o.row_temperature = minus.get(); }, "row_temperature[1] = -1: must be finite and not negative"},
      {[&](auto& o) { o.row_temperature = no_number.get(); },
       "row_temperature[0] = nan: must be finite and not negative"},
      {[&](auto& o) { o.row_top_p = over.get(); }, "row_top_p[2] = 1.5: must be in 0..1"},
      {[&](auto& o) { o.row_min_p = over.get(); }, "row_min_p[2] = 1.5: must be in 0..1"},
      {[&](auto& o) { o.row_top_k = mixed.get(); }, "row_top_k[1] = -2: must be in 0..9223372036854775807"},
      {[&](auto& o) { o.row_map = far.get(); }, "row_map[2] = 41: must be in 0..2"},
      {[&](auto& o) { o.lengths = far.get(); }, "lengths[2] = 41: must be in 0..40"},
      {[&](auto& o) { o.row_top_k = short_one.get(); }, "row_top_k.shape = [2]: must be [3], one entry a row"},
      {[&](auto& o) { o.row_top_k = minus.get(); }, "row_top_k.dtype = (code 2, 32 bits): must be int32 or int64"},
      {[&](auto& o) { o.row_seed = far.get(); }, "row_seed.dtype = (code 0, 32 bits): must be uint64 or int64"},
      {[&](auto& o) { o.bias_ids = far.get(); }, "bias = NULL: bias_ids and bias are given together or not at all"},
      {[&](auto& o) {
         o.bias_ids = far.get();
         o.bias = minus.get();
       },
       "bias_ids[2] = 41: must be in -1..39"},
      {[&](auto& o) { o.mask_map = far.get(); }, "mask_map: given, but mask = NULL"}};
  for (const auto& [change, sentence] : wrong)
    EXPECT_EQ(refused([&change = change](Small& call) { change(call.options); }), "invalid argument: " + sentence);
}

TEST(SamplingValidate, masks) {
  const std::vector<std::uint32_t> words(6, ~0U);
  const std::vector<std::int32_t> map{0, 2, 1};
  View narrow(words, {6, 1}), few(words, {2, 2}), right(words, {3, 2}), mask_map(map, {3});
  EXPECT_EQ(refused([&](Small& c) { c.options.mask = narrow.get(); }),
            "invalid argument: mask.shape = [6, 1]: must be [3 or more, 2 or more]");
  EXPECT_EQ(refused([&](Small& c) { c.options.mask = few.get(); }),
            "invalid argument: mask.shape = [2, 2]: must be [3 or more, 2 or more]");
  EXPECT_EQ(refused([&](Small& c) { c.options.mask = right.get(); }), "");
  EXPECT_EQ(refused([&](Small& c) {
              c.options.mask = few.get();
              c.options.mask_map = mask_map.get();
            }),
            "invalid argument: mask_map[1] = 2: must be in -1..1");
}

TEST(SamplingValidate, logits_and_outputs) {
  std::vector<double> doubles(120);
  View f64(doubles.data(), {kDLFloat, 64, 1}, {3, 40});
  EXPECT_EQ(refused([&](Small& c) { c.in = f64.get(); }),
            "invalid argument: logits.dtype = (code 2, 64 bits): must be float32, float16 or bfloat16");
  EXPECT_EQ(refused([](Small& c) { c.in = nullptr; }), "invalid argument: logits = NULL: a tensor is required");
  std::vector<float> x(240);
  View strided(x.data(), dl_type<float>(), {3, 40}, {80, 2}), cube(x.data(), dl_type<float>(), {3, 2, 40}),
      empty(x.data(), dl_type<float>(), {3, 0});
  EXPECT_EQ(refused([&](Small& c) { c.in = strided.get(); }),
            "invalid argument: logits.strides = [80, 2]: the last axis must have stride 1");
  EXPECT_EQ(refused([&](Small& c) { c.in = cube.get(); }),
            "invalid argument: logits.shape = [3, 2, 40]: must be [cols] or [rows, cols]");
  EXPECT_EQ(refused([&](Small& c) { c.in = empty.get(); }),
            "invalid argument: logits.shape = [3, 0]: a row has 1 to 2147483647 tokens");

  std::vector<std::int64_t> many(6, -7);
  View two_draws(many, {3, 2}), wrong_rows(many, {6});
  EXPECT_EQ(refused([&](Small& c) { c.out.tokens = two_draws.get(); }),
            "invalid argument: logprobs.shape = [3]: must be that of tokens, [3, 2]");
  EXPECT_EQ(refused([&](Small& c) { c.out.tokens = wrong_rows.get(); }),
            "invalid argument: tokens.shape = [6]: must be [3] or [3, draws]");
  EXPECT_EQ(refused([&](Small& c) { c.out.tokens = c.out.logprobs; }),
            "invalid argument: tokens.dtype = (code 2, 32 bits): must be int32 or int64");
  EXPECT_EQ(refused([](Small& c) { tk_sampled_init(&c.out); }),
            "invalid argument: tokens = NULL, as are all outputs: at least one must be given");
  EXPECT_EQ(refused([](Small& c) { c.options.draw = ~0U; }), "");
  EXPECT_EQ(refused([&](Small& c) {
              c.options.draw = ~0U;
              c.out.tokens = two_draws.get();
              c.out.logprobs = nullptr;
            }),
            "invalid argument: draw = 4294967295: with 2 draws a row the last number must be below 2^32");
  Small call;
  View over(call.x.data(), dl_type<std::int64_t>(), {3});
  call.out.tokens = over.get();
  EXPECT_EQ(call.refusal(),
            "invalid argument: tokens overlaps logits: outputs and workspace must not share memory with any other "
            "argument");
  EXPECT_EQ(refused([](Small& c) { c.stream = &c; }), "invalid argument: stream: must be NULL on the CPU");
}

TEST(SamplingValidate, topn_takes_no_filters_and_needs_tokens_for_ranks) {
  const std::vector<float> x(40, 1);
  std::vector<std::int32_t> ids(5), ranks(1);
  View logits(x, {1, 40}), out_ids(ids, {1, 5}), out_ranks(ranks, {1});
  tk_sampling options = sampling();
  tk_logprobs all;
  tk_logprobs_init(&all);
  const auto refusal = [&] {
    return tk_topn_logprobs(logits.get(), &options, &all, nullptr, nullptr) == TK_OK ? "" : tk_last_error();
  };
  EXPECT_STREQ(refusal(), "ids = NULL, as are all outputs: at least one must be given");
  all.ids = out_ids.get();
  EXPECT_STREQ(refusal(), "");
  options.top_k = 5;
  EXPECT_STREQ(refusal(), "top_k: must be unset, topn_logprobs looks at all candidates");
  options = sampling();
  all.token_ranks = out_ranks.get();
  EXPECT_STREQ(refusal(), "tokens = NULL: token_logprobs and token_ranks need them");
  all.token_ranks = nullptr;
  all.probe_logprobs = out_ids.get();
  EXPECT_STREQ(refusal(), "probes = NULL: probes and probe_logprobs are given together or not at all");
}

TEST(SamplingValidate, queries_read_no_memory) {
  Small call;
  View far(reinterpret_cast<void*>(std::uintptr_t{0x10}), dl_type<float>(), {3, 40});
  View far_t(reinterpret_cast<void*>(std::uintptr_t{0x10}), dl_type<float>(), {3});
  call.options.row_temperature = far_t.get();
  std::size_t bytes = 99;
  EXPECT_EQ(tk_sample_workspace(far.get(), &call.options, &call.out, &bytes), TK_OK) << tk_last_error();
  EXPECT_EQ(bytes, 0U);
  EXPECT_EQ(tk_filter_workspace(far.get(), &call.options, TK_FILTER_LOGITS, far.get(), &bytes), TK_OK);
  EXPECT_EQ(tk_sample_workspace(far.get(), &call.options, &call.out, nullptr), TK_INVALID_ARGUMENT);
}

TEST(SamplingValidate, options_of_an_older_version_keep_the_newer_fields_defaults) {
  Small call;
  call.options.top_p = 7;  // wrong, but the caller's version ends before it
  call.options.size = offsetof(tk_sampling, top_p);
  EXPECT_EQ(call.refusal(), "");
}

}  // namespace
}  // namespace topkit::test
