// The C interface of sampling: every function is one guarded body over validate, choose and run.
#include "topkit/sampling.h"

#include "../arguments.hpp"
#include "../status.hpp"
#include "run.hpp"

namespace topkit {
namespace {

SamplePlan plan_of(const SampleCall& call) { return choose(call.args.problem, device_of(call), call.wish); }

tk_status make(const SampleRequest& request, std::string_view query) {
  return guarded([&] {
    const SampleCall call = validate(request, Use::run);
    const SamplePlan plan = plan_of(call);
    check_workspace(call.workspace, call.workspace_bytes, plan.workspace_bytes, query);
    run(plan, call);
  });
}

tk_status ask(const SampleRequest& request, size_t* bytes) {
  return guarded([&] {
    if (bytes == nullptr) invalid("bytes = NULL: a place for the answer is required");
    *bytes = plan_of(validate(request, Use::query)).workspace_bytes;
  });
}

}  // namespace
}  // namespace topkit

using namespace topkit;

tk_status tk_sample(const DLTensor* logits, const tk_sampling* options, const tk_sampled* out, DLTensor* workspace,
                    void* stream) {
  return make({.op = SampleOp::sample,
               .logits = logits,
               .options = options,
               .workspace = workspace,
               .stream = stream,
               .sampled = out},
              "tk_sample_workspace");
}

tk_status tk_sample_workspace(const DLTensor* logits, const tk_sampling* options, const tk_sampled* out,
                              size_t* bytes) {
  return ask({.op = SampleOp::sample, .logits = logits, .options = options, .sampled = out}, bytes);
}

tk_status tk_filter(const DLTensor* logits, const tk_sampling* options, tk_filter_form form, DLTensor* out,
                    DLTensor* workspace, void* stream) {
  return make({.op = SampleOp::filter,
               .logits = logits,
               .options = options,
               .workspace = workspace,
               .stream = stream,
               .filtered = out,
               .form = form},
              "tk_filter_workspace");
}

tk_status tk_filter_workspace(const DLTensor* logits, const tk_sampling* options, tk_filter_form form,
                              const DLTensor* out, size_t* bytes) {
  return ask({.op = SampleOp::filter, .logits = logits, .options = options, .filtered = out, .form = form}, bytes);
}

tk_status tk_topn_logprobs(const DLTensor* logits, const tk_sampling* options, const tk_logprobs* logprobs,
                           DLTensor* workspace, void* stream) {
  return make({.op = SampleOp::logprobs,
               .logits = logits,
               .options = options,
               .workspace = workspace,
               .stream = stream,
               .logprobs = logprobs},
              "tk_topn_logprobs_workspace");
}

tk_status tk_topn_logprobs_workspace(const DLTensor* logits, const tk_sampling* options, const tk_logprobs* logprobs,
                                     size_t* bytes) {
  return ask({.op = SampleOp::logprobs, .logits = logits, .options = options, .logprobs = logprobs}, bytes);
}
