// From a sampling plan to kernel calls: rows are cut into tasks, their logits taken through the steps that the kernels do
// not do on the fly, and the first tokens of their order listed by the engine of topk.
#include "sample.hpp"

#include <algorithm>
#include <cstring>
#include <vector>

#include "../algorithms.hpp"
#include "../plan_device.hpp"
#include "job.hpp"
#include "parallel.hpp"
#include "sample_out.hpp"
#include "scratch.hpp"

namespace topkit::cpu {
namespace {

constexpr std::int64_t kSampledAtOnce = 64;        // listed before the first of them is sampled
constexpr std::int64_t kListBudget = 1 << 14;      // listed tokens at once, all rows together
constexpr std::int64_t kRereadBytes = 256 * 1024;  // rows that are read again stay in the cache
constexpr std::int64_t kNucleusList = 256;         // top-p without top-k: nearly every nucleus is smaller
constexpr float kMost = 3.40282347e+38F;

struct SampleWorker {
  AlignedBytes memory;
  Scratch topk;
  std::byte* values = nullptr;  // [rows at once, list], the type of the logits that are selected from
  std::int32_t* ids = nullptr;  // the same
  float* list_z = nullptr;      // [list]
  std::uint64_t* weights = nullptr;
  float* z = nullptr;    // [cols] of a row that went through steps
  float* raw = nullptr;  // [cols] before bias and mask
  NucleusScratch nucleus;
};

class SampleEngine {
 public:
  SampleEngine(const SamplePlan& plan, const SampleArgs& args)
      : args_(args),
        problem_(args.problem),
        kernels_(sample_kernels(plan.isa)),
        steps_(problem_.has_softcap || problem_.has_bias || problem_.has_mask),
        dtype_(steps_ ? DType::f32 : problem_.dtype),
        scale_(sampling::weight_scale(problem_.cols)),
        alike_(args.temperature.data == nullptr && args.top_k.data == nullptr && args.top_p.data == nullptr &&
               args.min_p.data == nullptr && args.seed.data == nullptr && args.position.data == nullptr) {
    bool rereads = problem_.op != SampleOp::sample || problem_.wants_kept ||
                   (problem_.wants_logprobs && problem_.logprob_of == LogprobOf::raw) ||
                   (problem_.may_top_p && problem_.top_p_of == TopPOf::all);
    if (alike_) rules_ = sampling::rules_of<sampling::OneLane<>>(args_, 0);
    const bool one_length = alike_ && args_.lengths.data == nullptr && args_.row_n.data == nullptr;
    for (std::int64_t r = 0; r < (one_length ? 1 : problem_.rows); ++r) {
      const std::int64_t wanted = list_length(rules(r), r);
      list_ = std::max(list_, wanted);
      rereads = rereads || wanted == 0 || wanted == kNucleusList;
    }
    wants_raw_ =
        problem_.wants_logprobs && problem_.logprob_of == LogprobOf::raw && (problem_.has_bias || problem_.has_mask);
    const std::int64_t row_bytes = problem_.cols * bytes(dtype_);
    at_once_ = steps_ ? 1 : kSampledAtOnce;
    at_once_ = std::min(at_once_, std::max<std::int64_t>(kListBudget / std::max<std::int64_t>(list_, 1), 1));
    if (rereads) at_once_ = std::min(at_once_, std::max<std::int64_t>(kRereadBytes / row_bytes, 1));
    if (list_ == 0) return;
    const Problem selection{.dtype = dtype_,
                            .index_type = IndexType::i32,
                            .nan = Nan::last,
                            .rows = problem_.rows,
                            .cols = problem_.cols,
                            .k = list_,
                            .layout = {.outer_stride = problem_.row_stride}};
    Wish wish;
    wish.isa = name(plan.isa);
    wish.threads = 1;
    const Plan choice = choose_cpu(selection, cpu_device(), built_in_tuning(), wish);
    job_ = {.sortable = sortable(info(dtype_), true, Nan::last),
            .kind = kind_of(dtype_),
            .order = Order::value,
            .wide_index = false,
            .value_stride = 1,
            .index_stride = 1,
            .id_stride = 1,
            .max_cols = problem_.cols,
            .max_k = list_};
    topk_ = kernels(plan.isa, job_.kind)->by_algorithm[static_cast<int>(choice.algorithm)];
  }

  SampleWorker make_worker() const {
    SampleWorker worker;
    std::size_t used = 0;
    const auto place = [&](std::size_t count, std::size_t size) {
      const std::size_t at = used;
      used += (count * size + 63) / 64 * 64;
      return at;
    };
    const auto list = static_cast<std::size_t>(list_), cols = static_cast<std::size_t>(problem_.cols);
    const bool lists = list_ > 0, nucleus = problem_.may_top_p && problem_.op != SampleOp::logprobs;
    worker.topk.bytes = lists ? topk_.scratch_bytes(job_) : 0;
    const std::size_t topk = place(worker.topk.bytes, 1);
    const std::size_t values =
        place(list * static_cast<std::size_t>(at_once_), static_cast<std::size_t>(bytes(dtype_)));
    const std::size_t ids = place(list * static_cast<std::size_t>(at_once_), sizeof(std::int32_t));
    const std::size_t list_z = place(list, sizeof(float));
    const std::size_t weights = place(list, sizeof(std::uint64_t));
    const std::size_t z = place(steps_ ? cols : 0, sizeof(float));
    const std::size_t raw = place(wants_raw_ ? cols : 0, sizeof(float));
    const std::size_t bins = place(nucleus ? 1 : 0, sizeof(Bins));
    const std::size_t bin_z = place(nucleus ? cols : 0, sizeof(float));
    const std::size_t bin_ids = place(nucleus ? cols : 0, sizeof(std::int32_t));
    const std::size_t bin_weights = place(nucleus ? cols : 0, sizeof(std::uint64_t));
    worker.memory = allocate(used);
    std::byte* const base = worker.memory.get();
    worker.topk.data = base + topk;
    worker.values = base + values;
    worker.ids = reinterpret_cast<std::int32_t*>(base + ids);
    worker.list_z = reinterpret_cast<float*>(base + list_z);
    worker.weights = reinterpret_cast<std::uint64_t*>(base + weights);
    worker.z = reinterpret_cast<float*>(base + z);
    worker.raw = reinterpret_cast<float*>(base + raw);
    worker.nucleus = {.bins = reinterpret_cast<Bins*>(base + bins),
                      .z = reinterpret_cast<float*>(base + bin_z),
                      .ids = reinterpret_cast<std::int32_t*>(base + bin_ids),
                      .weights = reinterpret_cast<std::uint64_t*>(base + bin_weights)};
    return worker;
  }

  void rows(std::int64_t first, std::int64_t last, SampleWorker& worker) const {
    SampleRow rows[kSampledAtOnce];
    Row listed[kSampledAtOnce];
    for (std::int64_t begin = first; begin < last; begin += at_once_) {
      const std::int64_t end = std::min(last, begin + at_once_);
      std::int64_t count = 0;
      for (std::int64_t r = begin; r < end; ++r) {
        SampleRow& row = rows[r - begin] = open(r, worker);
        row.listed = static_cast<std::uint32_t>(list_length(row.rules, r));
        const std::int64_t place = (r - begin) * list_;
        row.ids = worker.ids + place;
        if (row.listed == 0) continue;
        listed[count++] = {.data = row.x,
                           .values = worker.values + place * bytes(dtype_),
                           .indices = worker.ids + place,
                           .ids = nullptr,
                           .column = 0,
                           .cols = row.cols,
                           .k = row.listed};
      }
      if (count > 0) topk_.run(job_, listed, count, worker.topk);
      for (std::int64_t r = begin; r < end; ++r) finish(r, rows[r - begin], (r - begin) * list_, worker);
    }
  }

 private:
  sampling::Rules rules(std::int64_t r) const {
    return alike_ ? rules_ : sampling::rules_of<sampling::OneLane<>>(args_, r);
  }

  // How many of the first tokens of row r's order are listed.
  std::int64_t list_length(const sampling::Rules& rules, std::int64_t r) const {
    const std::int64_t cols = args_.length(r);
    if (problem_.op == SampleOp::logprobs) return std::min(cols, args_.listed(r));
    if (rules.k > 0) return std::min(cols, rules.k);
    const std::int64_t nucleus = rules.p < sampling::kWhole ? kNucleusList : 0;
    return std::min(cols, std::max(nucleus, problem_.op == SampleOp::sample ? problem_.listed : 0));
  }

  SampleRow open(std::int64_t r, SampleWorker& worker) const {
    SampleRow row;
    row.rules = rules(r);
    row.top_p_of = problem_.top_p_of;
    row.top_p_inclusive = problem_.top_p_inclusive;
    row.scale = scale_;
    row.lists = &kernels_;
    row.kernels = &kernels_.of(dtype_);
    row.cols = static_cast<std::uint32_t>(args_.length(r));
    row.x = static_cast<const std::byte*>(args_.x) + args_.x_row(r) * problem_.row_stride * bytes(problem_.dtype);
    if (!steps_) return row;
    const float cap = args_.softcap, inv_cap = problem_.has_softcap ? 1.0F / cap : 0;
    kernels_.of(problem_.dtype).widen(row.x, row.cols, cap, inv_cap, worker.z);
    if (wants_raw_) std::memcpy(worker.raw, worker.z, row.cols * sizeof(float));
    for (std::int64_t j = 0; problem_.has_bias && j < args_.bias_ids.count; ++j) {
      const std::int64_t id = args_.bias_ids.at(r, j);
      if (id >= 0 && id < static_cast<std::int64_t>(row.cols)) worker.z[id] += args_.bias.at(r, j);
    }
    kernels_.admit(worker.z, row.cols, args_.mask_of(r));
    row.x = worker.z;
    return row;
  }

  void finish(std::int64_t r, SampleRow& row, std::int64_t place, SampleWorker& worker) const {
    const std::uint32_t listed = row.listed;
    if (listed > 0) {
      row.kernels->widen(worker.values + place * bytes(dtype_), listed, 0, 0, worker.list_z);
      if (dtype_ == DType::f32 && worker.list_z[0] > kMost) merge_infinities(row, worker.ids + place, worker.list_z);
      kernels_.admit(worker.list_z, listed, nullptr);
      row.z = worker.list_z;
      row.weights = worker.weights;
      row.whole = listed == row.cols || (row.rules.k > 0 && problem_.op != SampleOp::logprobs);
    }
    switch (problem_.op) {
      case SampleOp::sample: {
        const RawRow raw = wants_raw_ ? RawRow{worker.raw, &kernels_.f32} : RawRow{row.x, row.kernels};
        return write_sample(args_, r, row, raw, worker.nucleus);
      }
      case SampleOp::filter: return write_filter(args_, r, row, worker.nucleus);
      case SampleOp::logprobs: return write_logprobs(args_, r, row);
    }
  }

  // +inf and the largest number are one z, so the lower id goes first; selection told them apart.
  static void merge_infinities(const SampleRow& row, std::int32_t* ids, float* z) {
    const auto* x = static_cast<const float*>(row.x);
    std::uint32_t count = 0;
    for (std::uint32_t i = 0; i < row.cols && count < row.listed; ++i) {
      if (!(x[i] >= kMost)) continue;
      ids[count] = static_cast<std::int32_t>(i);
      z[count++] = x[i];
    }
  }

  const SampleArgs& args_;
  const SampleProblem& problem_;
  const SampleKernels& kernels_;
  bool steps_;   // rows are copied and changed before they are looked at
  DType dtype_;  // of what is looked at
  float scale_;
  bool alike_;  // all rows have one set of rules
  sampling::Rules rules_{};
  bool wants_raw_ = false;
  std::int64_t list_ = 0;     // the longest of all rows
  std::int64_t at_once_ = 1;  // rows
  Job job_{};
  Kernel topk_{};
};

}  // namespace

void sample(const SamplePlan& plan, const SampleArgs& args, const Pool& pool) {
  const std::int64_t rows = args.problem.rows, per_task = plan.rows_per_task;
  if (rows == 0) return;
  const SampleEngine engine(plan, args);
  const std::int64_t tasks = (rows + per_task - 1) / per_task;
  const int count = worker_count(tasks, plan.threads);
  std::vector<SampleWorker> workers;
  workers.reserve(static_cast<std::size_t>(count));
  for (int i = 0; i < count; ++i) workers.push_back(engine.make_worker());
  for_each_task(tasks, plan.threads, pool, [&](std::int64_t task, int worker) {
    engine.rows(task * per_task, std::min(rows, (task + 1) * per_task), workers[static_cast<std::size_t>(worker)]);
  });
}

}  // namespace topkit::cpu
