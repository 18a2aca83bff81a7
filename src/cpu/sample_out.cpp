#include "sample_out.hpp"

#include <algorithm>
#include <limits>

namespace topkit::cpu {
namespace {

using One = sampling::OneLane<>;

constexpr float kNone = -__builtin_inff();

// One token's z.
float z_at(const SampleRow& row, const RawRow& raw, std::int64_t id, int element_bytes) {
  float z = 0;
  raw.kernels->widen(static_cast<const std::byte*>(raw.x) + id * element_bytes, 1, 0, 0, &z);
  row.lists->admit(&z, 1, nullptr);
  return z;
}

int element_bytes(const SampleRow& row, const RowKernels* kernels) { return kernels == &row.lists->f32 ? 4 : 2; }

// Log-softmax over all tokens of a row at temperature 1.
class RawLogprobs {
 public:
  RawLogprobs(const SampleRow& row, const RawRow& raw) : row_(row), raw_(raw) {
    z_max_ = raw.kernels->max(raw.x, row.cols);
    const Weighing weighing{.z_max = z_max_, .c = sampling::kLog2E, .scale = row.scale};
    const Tally all = raw.kernels->tally(raw.x, row.cols, weighing, {.weighing = weighing});
    log2_mass_ = sampling::log2_mass<One>(all.mass, row.scale);
  }
  float of(std::int64_t id) const {
    const float z = z_at(row_, raw_, id, element_bytes(row_, raw_.kernels));
    return sampling::logprob_of<One>(sampling::exponent<One>(z, z_max_, sampling::kLog2E), log2_mass_);
  }

 private:
  const SampleRow& row_;
  RawRow raw_;
  float z_max_, log2_mass_;
};

// The mass of a row by tiles.
std::uint64_t mass_by_tiles(const SampleRow& row, float c) {
  const auto* const x = static_cast<const std::byte*>(row.x);
  const int size = element_bytes(row, row.kernels);
  std::uint64_t mass = 0;
  for (std::uint32_t first = 0; first < row.cols; first += sampling::kTile) {
    const std::byte* const tile = x + static_cast<std::size_t>(first) * static_cast<std::size_t>(size);
    const std::uint32_t cols = std::min(row.cols - first, sampling::kTile);
    const float z_max = row.kernels->max(tile, cols);
    if (!(z_max > kNone)) continue;
    const Weighing weighing{.z_max = z_max, .c = c, .scale = 1};
    mass += sampling::mass_in_row<One>(row.kernels->tally(tile, cols, weighing, {.weighing = weighing}).mass,
                                       row.y(z_max, c), row.scale);
  }
  return mass;
}

void write_candidates(const SampleArgs& args, std::int64_t r, const SampleRow& row, std::uint32_t count,
                      float log2_mass) {
  for (std::int64_t j = 0; j < args.problem.listed; ++j) {
    const bool there = j < count;
    if (args.candidates.data != nullptr) args.candidates.put(r, j, there ? row.ids[j] : -1);
    if (args.candidate_logprobs.data != nullptr)
      *args.candidate_logprobs.at(r, j) =
          there ? sampling::logprob_of<One>(row.y(row.z[j], row.rules.c), log2_mass) : kNone;
  }
}

}  // namespace

void write_sample(const SampleArgs& args, std::int64_t r, SampleRow& row, const RawRow& raw,
                  const NucleusScratch& scratch) {
  const SampleProblem& p = args.problem;
  Kept kept = keep(row, scratch);
  if (args.valid.data != nullptr) *args.valid.at(r) = kept.any ? 1 : 0;
  if (!kept.any) {
    for (std::int64_t d = 0; d < p.draws; ++d) {
      if (args.tokens.data != nullptr) args.tokens.put(r, d, 0);
      if (args.logprobs.data != nullptr) *args.logprobs.at(r, d) = kNone;
    }
    if (args.kept.data != nullptr) *args.kept.at(r) = 0;
    write_candidates(args, r, row, 0, 0);
    return;
  }

  const bool processed = args.logprobs.data != nullptr && p.logprob_of == LogprobOf::processed;
  float log2_mass = 0;
  if (processed || args.candidate_logprobs.data != nullptr || (args.kept.data != nullptr && kept.count == 0)) {
    const Tally tally = tally_of(row, kept);
    kept.count = tally.count;
    log2_mass = sampling::log2_mass<One>(tally.mass, row.scale);
  }
  if (args.kept.data != nullptr) *args.kept.at(r) = static_cast<std::int32_t>(kept.count);
  if (p.listed > 0) write_candidates(args, r, row, kept.listed ? kept.count : row.listed, log2_mass);

  if (args.tokens.data == nullptr && args.logprobs.data == nullptr) return;
  const bool alone = kept.listed && kept.count == 1;
  Race race{
      .z_max = row.z_max, .c = row.rules.c, .seed = row.rules.seed, .position = row.rules.position, .draw = args.draw};
  const auto logprob = [&](const Winner& winner) {
    return sampling::logprob_of<One>(row.y(winner.z, row.rules.c), log2_mass);
  };
  const auto draw = [&](const auto& each) {
    for (std::int64_t d = 0; d < p.draws; ++d, ++race.draw) {
      const Winner winner = alone         ? Winner{.z = row.z[0], .id = row.ids[0]}
                            : kept.listed ? row.lists->race(row.z, row.ids, kept.count, race)
                                          : row.kernels->race(row.x, row.cols, race, kept.prefix);
      if (args.tokens.data != nullptr) args.tokens.put(r, d, winner.id);
      each(d, winner);
    }
  };
  if (args.logprobs.data == nullptr) return draw([](std::int64_t, const Winner&) {});
  if (processed) return draw([&](std::int64_t d, const Winner& winner) { *args.logprobs.at(r, d) = logprob(winner); });
  const RawLogprobs logprobs(row, raw);
  draw([&](std::int64_t d, const Winner& winner) { *args.logprobs.at(r, d) = logprobs.of(winner.id); });
}

void write_filter(const SampleArgs& args, std::int64_t r, SampleRow& row, const NucleusScratch& scratch) {
  const bool logits = args.problem.form == FilterForm::logits;
  const Kept kept = keep(row, scratch);
  float* const out = args.filtered.at(r);
  std::fill(out + (kept.any ? row.cols : 0), out + args.problem.cols, logits ? kNone : 0.0F);  // behind a short row too
  if (!kept.any) return;
  if (logits) return row.kernels->write_logits(row.x, row.cols, kept.prefix, row.rules.inv_t, out);
  const float log2_mass = sampling::log2_mass<One>(tally_of(row, kept).mass, row.scale);
  row.kernels->write_probabilities(row.x, row.cols, kept.prefix, row.weighing(row.rules.c), log2_mass, out);
}

void write_logprobs(const SampleArgs& args, std::int64_t r, SampleRow& row) {
  const Kept all = keep(row, {});
  const std::int64_t n = args.listed(r);
  const float c = row.rules.c;
  float log2_mass = 0;
  if (all.any) log2_mass = sampling::log2_mass<One>(mass_by_tiles(row, c), row.scale);
  const auto of = [&](float z) { return all.any ? sampling::logprob_of<One>(row.y(z, c), log2_mass) : kNone; };
  for (std::int64_t j = 0; j < args.problem.listed; ++j) {
    const bool there = j < std::min<std::int64_t>(row.listed, n);
    if (args.ids.data != nullptr) args.ids.put(r, j, there ? row.ids[j] : -1);
    if (args.id_logprobs.data != nullptr) *args.id_logprobs.at(r, j) = there ? of(row.z[j]) : kNone;
  }
  const RawRow self{row.x, row.kernels};
  const auto is_column = [&](std::int64_t id) { return id >= 0 && id < static_cast<std::int64_t>(row.cols); };
  const auto z_of = [&](std::int64_t id) { return z_at(row, self, id, element_bytes(row, row.kernels)); };
  constexpr float kNan = std::numeric_limits<float>::quiet_NaN();
  if (args.token_logprobs.data != nullptr || args.token_ranks.data != nullptr) {
    const std::int64_t id = args.tokens_in[r];
    const bool is = is_column(id);
    const float z = is ? z_of(id) : kNan;
    if (args.token_logprobs.data != nullptr) *args.token_logprobs.at(r) = is ? of(z) : kNan;
    if (args.token_ranks.data != nullptr)
      *args.token_ranks.at(r) = is ? static_cast<std::int32_t>(row.kernels->count_above(row.x, row.cols, z)) + 1 : 0;
  }
  if (args.probe_logprobs.data != nullptr) {
    for (std::int64_t j = 0; j < args.problem.probes; ++j) {
      const std::int64_t id = args.probes.at(r, j);
      *args.probe_logprobs.at(r, j) = is_column(id) ? of(z_of(id)) : kNan;
    }
  }
  if (args.logsumexp.data != nullptr)
    *args.logsumexp.at(r) = all.any ? sampling::logsumexp_of<One>(row.z_max, row.rules.inv_t, log2_mass) : kNone;
}

}  // namespace topkit::cpu
