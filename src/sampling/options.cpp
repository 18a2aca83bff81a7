#include "options.hpp"

#include <array>
#include <cmath>
#include <cstddef>

#include "../status.hpp"
#include "../versioned.hpp"

namespace topkit {
namespace {

constexpr std::array kSamplingBorders = {offsetof(tk_sampling, size),
                                         offsetof(tk_sampling, temperature),
                                         offsetof(tk_sampling, top_k),
                                         offsetof(tk_sampling, top_p),
                                         offsetof(tk_sampling, min_p),
                                         offsetof(tk_sampling, seed),
                                         offsetof(tk_sampling, position),
                                         offsetof(tk_sampling, draw),
                                         offsetof(tk_sampling, row_temperature),
                                         offsetof(tk_sampling, row_top_k),
                                         offsetof(tk_sampling, row_top_p),
                                         offsetof(tk_sampling, row_min_p),
                                         offsetof(tk_sampling, row_seed),
                                         offsetof(tk_sampling, row_position),
                                         offsetof(tk_sampling, softcap),
                                         offsetof(tk_sampling, bias_ids),
                                         offsetof(tk_sampling, bias),
                                         offsetof(tk_sampling, mask),
                                         offsetof(tk_sampling, mask_map),
                                         offsetof(tk_sampling, row_map),
                                         offsetof(tk_sampling, lengths),
                                         offsetof(tk_sampling, top_p_of),
                                         offsetof(tk_sampling, top_p_inclusive),
                                         offsetof(tk_sampling, temperature_last),
                                         offsetof(tk_sampling, logprob_of),
                                         offsetof(tk_sampling, algorithm),
                                         offsetof(tk_sampling, isa),
                                         offsetof(tk_sampling, threads),
                                         offsetof(tk_sampling, parallel_for),
                                         offsetof(tk_sampling, pool),
                                         sizeof(tk_sampling)};

constexpr std::array kSampledBorders = {offsetof(tk_sampled, size),
                                        offsetof(tk_sampled, tokens),
                                        offsetof(tk_sampled, logprobs),
                                        offsetof(tk_sampled, kept),
                                        offsetof(tk_sampled, valid),
                                        offsetof(tk_sampled, candidates),
                                        offsetof(tk_sampled, candidate_logprobs),
                                        sizeof(tk_sampled)};

constexpr std::array kLogprobsBorders = {offsetof(tk_logprobs, size),
                                         offsetof(tk_logprobs, tokens),
                                         offsetof(tk_logprobs, probes),
                                         offsetof(tk_logprobs, row_n),
                                         offsetof(tk_logprobs, ids),
                                         offsetof(tk_logprobs, logprobs),
                                         offsetof(tk_logprobs, token_logprobs),
                                         offsetof(tk_logprobs, token_ranks),
                                         offsetof(tk_logprobs, probe_logprobs),
                                         offsetof(tk_logprobs, logsumexp),
                                         sizeof(tk_logprobs)};

void check_flag(const char* name, std::int32_t value) {
  if (value != 0 && value != 1) invalid("{} = {}: must be 0 or 1", name, value);
}

void check_share(const char* name, float value) {
  if (!(value >= 0 && value <= 1)) invalid("{} = {}: must be in 0..1", name, value);
}

// The rules of engines whose sources research named: what top-p is measured against, its edge, and where T comes.
struct Preset {
  const char* name;
  tk_top_p_of top_p_of;
  bool inclusive, temperature_last;
};
constexpr std::array<Preset, 8> kPresets{{
    {"hf", TK_TOP_P_OF_TOP_K, false, false},              // warpers: temperature, top-k, top-p, min-p
    {"vllm", TK_TOP_P_OF_KEPT, false, false},             // temperature, min-p, top-k, top-p
    {"sglang", TK_TOP_P_OF_ALL, true, false},             // PyTorch path: every filter looks at the full softmax
    {"trtllm", TK_TOP_P_OF_KEPT, true, false},            // PyTorch path: min-p, top-k, top-p of what is left
    {"flashinfer", TK_TOP_P_OF_TOP_K, false, false},      // top_k_first
    {"flashinfer_joint", TK_TOP_P_OF_ALL, false, false},  // joint
    {"llamacpp", TK_TOP_P_OF_TOP_K, false, true},         // top-k, top-p, min-p, temperature
    {"nanochat", TK_TOP_P_OF_KEPT, false, false},         // temperature and top-k only
}};

}  // namespace

tk_sampling read_sampling(const tk_sampling* options) {
  tk_sampling result;
  tk_sampling_init(&result);
  if (options == nullptr) return result;
  read_versioned("sampling", *options, kSamplingBorders, result);
  if (!(result.temperature >= 0) || std::isinf(result.temperature))
    invalid("temperature = {}: must be finite and not negative", result.temperature);
  if (result.top_k < 0) invalid("top_k = {}: must be 0 (off) or more", result.top_k);
  check_share("top_p", result.top_p);
  check_share("min_p", result.min_p);
  if (!(result.softcap >= 0) || std::isinf(result.softcap))
    invalid("softcap = {}: must be 0 (off) or positive and finite", result.softcap);
  if (result.softcap > 0 && !std::isnormal(1 / result.softcap))
    invalid("softcap = {}: 1 / softcap must be a normal float32", result.softcap);
  if (result.top_p_of < TK_TOP_P_OF_KEPT || result.top_p_of > TK_TOP_P_OF_ALL)
    invalid("top_p_of = {}: must be TK_TOP_P_OF_KEPT (0), TK_TOP_P_OF_TOP_K (1) or TK_TOP_P_OF_ALL (2)",
            result.top_p_of);
  check_flag("top_p_inclusive", result.top_p_inclusive);
  check_flag("temperature_last", result.temperature_last);
  if (result.logprob_of < TK_LOGPROB_RAW || result.logprob_of > TK_LOGPROB_PROCESSED)
    invalid("logprob_of = {}: must be TK_LOGPROB_RAW (0) or TK_LOGPROB_PROCESSED (1)", result.logprob_of);
  if (result.threads < 0) invalid("threads = {}: must be 0 (as many as pay) or more", result.threads);
  if ((result.bias_ids == nullptr) != (result.bias == nullptr))
    invalid("{} = NULL: bias_ids and bias are given together or not at all",
            result.bias == nullptr ? "bias" : "bias_ids");
  if (result.mask_map != nullptr && result.mask == nullptr) invalid("mask_map: given, but mask = NULL");
  return result;
}

tk_sampled read_sampled(const tk_sampled* out) {
  if (out == nullptr) invalid("out = NULL: where to write is required");
  tk_sampled result;
  tk_sampled_init(&result);
  read_versioned("sampled", *out, kSampledBorders, result);
  return result;
}

tk_logprobs read_logprobs(const tk_logprobs* logprobs) {
  if (logprobs == nullptr) invalid("logprobs = NULL: where to write is required");
  tk_logprobs result;
  tk_logprobs_init(&result);
  read_versioned("logprobs", *logprobs, kLogprobsBorders, result);
  return result;
}

}  // namespace topkit

void tk_sampling_init(tk_sampling* options) {
  if (options == nullptr) return;
  *options = tk_sampling{};
  options->size = sizeof(tk_sampling);
  options->temperature = 1;
  options->top_p = 1;
}

void tk_sampled_init(tk_sampled* out) {
  if (out == nullptr) return;
  *out = tk_sampled{};
  out->size = sizeof(tk_sampled);
}

void tk_logprobs_init(tk_logprobs* logprobs) {
  if (logprobs == nullptr) return;
  *logprobs = tk_logprobs{};
  logprobs->size = sizeof(tk_logprobs);
}

tk_status tk_sampling_preset(tk_sampling* options, const char* name) {
  using namespace topkit;
  return guarded([&] {
    if (options == nullptr) invalid("options = NULL: a place for the rules is required");
    if (name == nullptr) invalid("name = NULL: a preset is required");
    std::string names;
    for (const Preset& preset : kPresets) {
      names += formatted(" {}", preset.name);
      if (std::string_view(preset.name) != name) continue;
      options->top_p_of = preset.top_p_of;
      options->top_p_inclusive = preset.inclusive ? 1 : 0;
      options->temperature_last = preset.temperature_last ? 1 : 0;
      return;
    }
    invalid("name = {}: must be one of{}", name, names);
  });
}
