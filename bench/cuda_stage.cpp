#include "cuda_stage.hpp"

#include <fmt/format.h>

#include <algorithm>
#include <cstring>
#include <stdexcept>

#include "algorithms.hpp"
#include "lengths.hpp"
#include "verify.hpp"

namespace topkit::bench {
namespace {

constexpr double kReplayUs = 1000;  // a graph repeats the call until it takes about this long
constexpr double kMostInGraph = 400;
constexpr std::int64_t kOracleElements = 1 << 20;  // up to here a sort on the host judges too
constexpr unsigned char kPoison = 0xa5;

int repetitions(double us, double most) {
  return static_cast<int>(std::clamp(kReplayUs / std::max(us, 0.1), 1.0, std::max(most, 1.0)));
}

}  // namespace

CudaStage::CudaStage(const Case& c, const Choice& choice, CudaMachine& machine)
    : case_(c),
      machine_(machine),
      inputs_(c, machine),
      floor_bytes_(bytes_that_take_part(c)),
      values_(static_cast<std::size_t>(c.rows * c.k * bytes(c.dtype))),
      indices_(static_cast<std::size_t>(c.rows * c.k * choice.index_bytes)),
      index_bytes_(choice.index_bytes),
      tuning_(choice.tuning) {
  if (const std::vector<std::int32_t> lengths = lengths_of(c); !lengths.empty()) {
    const std::size_t size = lengths.size() * sizeof lengths[0];
    check(cudaMemcpy(lengths_.reserve(size), lengths.data(), size, cudaMemcpyHostToDevice), "copy to the device");
  }
  add_floor();
  const bool all = choice.algorithm == "all";
  add_topkit(all ? "" : choice.algorithm, !all && !choice.algorithm.empty());
  if (all)
    for (const AlgorithmInfo& algorithm : algorithms())
      if (algorithm.device == DeviceKind::cuda) add_topkit(std::string(algorithm.name), true);
  if (choice.peers)
    for (const CudaPeer* peer : cuda_peers()) add_peer(*peer);
}

std::optional<double> CudaStage::sample_us(std::size_t contender, Heat heat) {
  const Entrant& entrant = entrants_[contender];
  if (heat == Heat::cold) machine_.flush_cache();
  return timer_.call_us(heat == Heat::hot ? *entrant.hot : *entrant.cold, machine_.stream());
}

std::string CudaStage::complaint(std::size_t contender) {
  Entrant& entrant = entrants_[contender];
  if (!entrant.answer) {
    const std::string hot = floor_complaint(entrant.hot_shape);
    return hot.empty() ? floor_complaint(entrant.cold_shape) : hot;
  }
  const std::int64_t last = (entrant.cold->calls() - 1) % inputs_.copies();
  std::string text = answer_complaint(entrant, *entrant.cold, inputs_.copy(last));
  if (text.empty()) text = answer_complaint(entrant, *entrant.hot, inputs_.copy(0));
  if (text.empty() && case_.elements() <= kOracleElements) text = oracle_complaint(entrant.answer());
  return text;
}

// What is judged is what a replay of the timed graph leaves behind, over poisoned outputs.
std::string CudaStage::answer_complaint(Entrant& entrant, const CallGraph& graph, const void* x) {
  entrant.poison();
  graph.replay(machine_.stream());
  Answer answer = entrant.answer();
  answer.x = x;
  return verifier_.complaint(case_, answer, machine_.stream());
}

// After the hot graph: the answer is that of the first copy.
std::string CudaStage::oracle_complaint(const Answer& answer) {
  if (!answer.lower_index_wins || answer.row_stride != case_.k || answer.lengths != nullptr || answer.values == nullptr)
    return "";
  const auto winners = static_cast<std::size_t>(case_.rows * case_.k);
  std::vector<std::byte> x(static_cast<std::size_t>(case_.input_bytes())),
      values(winners * static_cast<std::size_t>(bytes(case_.dtype))),
      raw(winners * static_cast<std::size_t>(answer.index_bytes));
  check(cudaMemcpy(x.data(), inputs_.copy(0), x.size(), cudaMemcpyDeviceToHost), "copy from the device");
  check(cudaMemcpy(values.data(), answer.values, values.size(), cudaMemcpyDeviceToHost), "copy from the device");
  check(cudaMemcpy(raw.data(), answer.indices, raw.size(), cudaMemcpyDeviceToHost), "copy from the device");
  std::vector<std::int64_t> indices(winners);
  for (std::size_t i = 0; i < winners; ++i) {
    std::int32_t narrow = 0;
    if (answer.index_bytes == 4)
      std::memcpy(&narrow, raw.data() + 4 * i, 4);
    else
      std::memcpy(&indices[i], raw.data() + 8 * i, 8);
    if (answer.index_bytes == 4) indices[i] = narrow;
  }
  if (expected_.empty()) expected_ = expected_columns(case_, x.data());
  return same_winners(case_, x.data(), expected_, values.data(), indices.data()) ? ""
                                                                                 : "differs from a sort on the host";
}

std::string CudaStage::floor_complaint(const FloorShape& shape) {
  auto* out = machine_.floor_out.as<std::int32_t>();
  const std::int64_t size = floor_bytes_;
  launch_floor(shape, inputs_.copy(0), size, machine_.sms(), out, machine_.stream());
  const std::int32_t fast = max_of_outputs(out, floor_outputs(shape, size, machine_.sms()), machine_.stream());
  return fast == plain_max(inputs_.copy(0), size, machine_.stream()) ? "" : "the floor's maximum is not the input's";
}

double CudaStage::try_us(const std::function<void(const void*)>& run) {
  run(inputs_.copy(0));  // loads the code
  check(cudaStreamSynchronize(machine_.stream()), "the first call");
  const CallGraph graph(machine_.stream(), 2, [&](int i) { run(inputs_.copy(i % inputs_.copies())); });
  return timer_.call_us(graph, machine_.stream());
}

std::unique_ptr<CallGraph> CudaStage::hot_graph(const std::function<void(const void*)>& run) {
  const int calls = repetitions(try_us(run), kMostInGraph);
  return std::make_unique<CallGraph>(machine_.stream(), calls, [&](int) { run(inputs_.copy(0)); });
}

// Every copy in turn. Where they are more than three caches the turn repeats; where they are less, once is all.
std::unique_ptr<CallGraph> CudaStage::cold_graph(const std::function<void(const void*)>& run) {
  const std::int64_t copies = inputs_.copies();
  const bool evicted = copies < CudaInputs::kMostCopies;
  const double turn_us = try_us(run) * static_cast<double>(copies);
  const int turns = evicted ? repetitions(turn_us, kMostInGraph / static_cast<double>(copies)) : 1;
  return std::make_unique<CallGraph>(machine_.stream(), static_cast<int>(copies) * turns,
                                     [&](int i) { run(inputs_.copy(i % copies)); });
}

// The fastest shape hot and the fastest cold: a floor must not be an accident of one launch shape.
void CudaStage::add_floor() {
  machine_.floor_out.reserve(static_cast<std::size_t>(case_.input_bytes() / 64 + (1 << 20)));
  Entrant best;
  double best_hot = 0, best_cold = 0;
  for (const FloorShape& shape : floor_shapes()) {
    const auto run = [this, shape](const void* x) {
      launch_floor(shape, x, floor_bytes_, machine_.sms(), machine_.floor_out.as<std::int32_t>(), machine_.stream());
    };
    auto hot = hot_graph(run), cold = cold_graph(run);
    timer_.call_us(*hot, machine_.stream());
    const double hot_us = timer_.call_us(*hot, machine_.stream());
    machine_.flush_cache();
    const double cold_us = timer_.call_us(*cold, machine_.stream());
    if (best.hot == nullptr || hot_us < best_hot) {
      best.hot = std::move(hot), best.hot_shape = shape, best_hot = hot_us;
    }
    if (best.cold == nullptr || cold_us < best_cold) {
      best.cold = std::move(cold), best.cold_shape = shape, best_cold = cold_us;
    }
  }
  contenders_.push_back({.peer = "floor", .launches = 1});
  entrants_.push_back(std::move(best));
}

void CudaStage::enter(Contender who, Entrant entrant) {
  try {
    entrant.hot = hot_graph(entrant.run);
    entrant.cold = cold_graph(entrant.run);
  } catch (const std::exception& failure) {
    if (!machine_.alive()) throw std::runtime_error(fmt::format("{} {}: {}", who.peer, who.algorithm, failure.what()));
    refusals_.push_back({std::move(who), failure.what()});
    return;
  }
  who.launches = static_cast<int>(entrant.hot->nodes()) / entrant.hot->calls();
  contenders_.push_back(std::move(who));
  entrants_.push_back(std::move(entrant));
}

void CudaStage::add_topkit(const std::string& algorithm, bool forced) {
  const std::size_t place = calls_.size();
  Contender who{.peer = "topkit", .algorithm = algorithm, .forced = forced};
  try {
    calls_.push_back(std::make_unique<CudaCall>(case_, algorithm, inputs_.copy(0), lengths(), values_.data(),
                                                indices_.data(), index_bytes_, tuning_));
  } catch (const std::exception& failure) {
    refusals_.push_back({std::move(who), failure.what()});
    return;
  }
  who.algorithm = calls_.back()->algorithm();
  Entrant entrant;
  entrant.run = [this, place](const void* x) { calls_[place]->run(x, machine_.stream()); };
  entrant.answer = [this] {
    return Answer{.x = nullptr,
                  .values = values_.data(),
                  .indices = indices_.data(),
                  .lengths = lengths(),
                  .index_bytes = index_bytes_,
                  .row_stride = case_.k};
  };
  entrant.poison = [this] {
    const auto winners = static_cast<std::size_t>(case_.rows * case_.k);
    check(cudaMemsetAsync(values_.data(), kPoison, winners * static_cast<std::size_t>(bytes(case_.dtype)),
                          machine_.stream()),
          "poisoning values");
    check(
        cudaMemsetAsync(indices_.data(), kPoison, winners * static_cast<std::size_t>(index_bytes_), machine_.stream()),
        "poisoning indices");
  };
  enter(std::move(who), std::move(entrant));
}

void CudaStage::add_peer(const CudaPeer& peer) {
  const std::size_t place = peers_.size();
  Contender who{.peer = std::string(peer.name)};
  try {
    peers_.push_back(peer.prepare(case_, machine_.stream()));
  } catch (const std::exception& failure) {
    cudaGetLastError();  // memory that was not there is no error of what follows
    refusals_.push_back({std::move(who), failure.what()});
    return;
  }
  if (peers_.back() == nullptr) {
    peers_.pop_back();
    return;
  }
  Entrant entrant;
  entrant.run = [this, place](const void* x) { peers_[place]->run(x, machine_.stream()); };
  entrant.answer = [this, place] { return peers_[place]->answer(); };
  entrant.poison = [this, place] { peers_[place]->poison(machine_.stream()); };
  who.sorted = peers_.back()->answer().sorted;
  enter(std::move(who), std::move(entrant));
}

}  // namespace topkit::bench
