// The CPU under the benchmark: copies of the input that take turns, the floor, topkit and the peers.
#include <algorithm>
#include <cstdlib>
#include <cstring>
#include <functional>
#include <memory>
#include <stdexcept>

#include "algorithms.hpp"
#include "cpu_call.hpp"
#include "distributions.hpp"
#include "floor.hpp"
#include "machine.hpp"
#include "peers/peer.hpp"
#include "runner.hpp"
#include "timer.hpp"
#include "verify.hpp"

namespace topkit::bench {
namespace {

constexpr std::int64_t kPoolBytes = 16 << 20;
constexpr double kSampleUs = 2000;  // a hot sample repeats the call until it takes about this long
constexpr int kColdCalls = 5;
constexpr std::int64_t kMostCalls = 4096;

struct Free {
  void operator()(void* data) const { std::free(data); }
};
using Memory = std::unique_ptr<void, Free>;

Memory allocate(std::int64_t bytes) {
  constexpr std::int64_t kAlignment = 4096;
  void* data = std::aligned_alloc(kAlignment, static_cast<std::size_t>((bytes / kAlignment + 1) * kAlignment));
  if (data == nullptr) throw std::bad_alloc();
  return Memory(data);
}

class CpuStage : public Stage {
 public:
  CpuStage(const Case& c, const Choice& choice)
      : case_(c),
        timer_(choice.threads == 1),
        values_(allocate(c.rows * c.k * bytes(c.dtype))),
        indices_(allocate(c.rows * c.k * 8)) {
    make_copies();
    add({.peer = "floor"},
        [this](const void* x) { sink_ = stream_max(x, case_.rows, case_.cols * bytes(case_.dtype)); });
    const bool all = choice.algorithm == "all";
    add_topkit(choice, all ? "" : choice.algorithm);
    if (all)
      for (const AlgorithmInfo& algorithm : algorithms())
        if (algorithm.device == DeviceKind::cpu) add_topkit(choice, std::string(algorithm.name));
    if (!choice.peers) return;
    for (const Peer* peer : peers_of(c))
      add({.peer = std::string(peer->name)},
          [this, peer](const void* x) { peer->run(case_, x, values_.get(), indices()); });
  }

  const std::vector<Contender>& contenders() const override { return contenders_; }

  const std::vector<Refusal>& refusals() const override { return refusals_; }

  std::string complaint(std::size_t contender) override {
    if (contender == 0) return "";
    for (std::size_t i = 0; i < copies_.size(); ++i) {
      if (expected_.size() == i) expected_.push_back(expected_columns(case_, copies_[i].get()));
      std::memset(values_.get(), 0xa5, static_cast<std::size_t>(case_.rows * case_.k * bytes(case_.dtype)));
      std::memset(indices_.get(), 0xa5, static_cast<std::size_t>(case_.rows * case_.k * 8));
      runs_[contender](copies_[i].get());
      if (!same_winners(case_, copies_[i].get(), expected_[i], values_.get(), indices())) return "differs from a sort";
    }
    return "";
  }

  std::optional<double> sample_us(std::size_t contender, Heat heat) override {
    return heat == Heat::hot ? hot_us(contender) : cold_us(contender);
  }

 private:
  void add(Contender who, std::function<void(const void*)> run) {
    contenders_.push_back(std::move(who));
    runs_.push_back(std::move(run));
    calls_.push_back(1);
  }

  void add_topkit(Choice choice, const std::string& algorithm) {
    choice.algorithm = algorithm;
    Contender who{.peer = "topkit", .algorithm = algorithm, .forced = !algorithm.empty()};
    try {
      prepared_.push_back(std::make_unique<CpuCall>(case_, choice));
      who.algorithm = prepared_.back()->algorithm();
    } catch (const std::runtime_error& failure) {
      refusals_.push_back({std::move(who), failure.what()});
      return;
    }
    add(std::move(who),
        [this, call = prepared_.back().get()](const void* x) { call->run(x, values_.get(), indices()); });
  }

  std::int64_t* indices() { return static_cast<std::int64_t*>(indices_.get()); }

  void make_copies() {
    const std::int64_t input_bytes = std::max<std::int64_t>(case_.input_bytes(), 1);
    std::int64_t count = case_.cache == Cache::l2 ? 2 : (kPoolBytes + input_bytes - 1) / input_bytes;
    count = std::clamp<std::int64_t>(count, 1, 256);
    const Distribution& distribution = *find_distribution(case_.distribution);
    for (std::int64_t i = 0; i < count; ++i) {
      char* data = static_cast<char*>(copies_.emplace_back(allocate(input_bytes)).get());
      for (std::int64_t row = 0; row < case_.rows; ++row)
        fill_row(distribution, case_.dtype, static_cast<std::uint64_t>(i), row, case_.cols,
                 data + row * case_.cols * bytes(case_.dtype));
    }
  }

  const void* next_copy() {
    next_ = (next_ + 1) % copies_.size();
    return copies_[next_].get();
  }

  std::optional<double> hot_us(std::size_t contender) {
    const std::int64_t calls = calls_[contender];
    const auto& run = runs_[contender];
    // Whoever had the turn before evicted or displaced copies; everybody finds them as one pass over all leaves them.
    for (const Memory& copy : copies_) sink_ = stream_max(copy.get(), case_.rows, case_.cols * bytes(case_.dtype));
    timer_.start();
    for (std::int64_t i = 0; i < calls; ++i) run(next_copy());
    const auto us = timer_.stop_us();
    if (!us) {  // on a busy machine a shorter sample has a chance
      calls_[contender] = std::max<std::int64_t>(calls / 2, 1);
      return std::nullopt;
    }
    const double each = *us / static_cast<double>(calls);
    calls_[contender] =
        std::clamp<std::int64_t>(static_cast<std::int64_t>(kSampleUs / std::max(each, 0.01)), 1, kMostCalls);
    return each;
  }

  std::optional<double> cold_us(std::size_t contender) {
    std::vector<double> samples;
    for (int i = 0; i < kColdCalls; ++i) {
      const void* x = next_copy();
      if (!evict(x, case_.input_bytes())) return std::nullopt;
      timer_.start();
      runs_[contender](x);
      const auto us = timer_.stop_us();
      if (us) samples.push_back(*us);
      if (us && *us > kSampleUs) break;
    }
    if (samples.empty()) return std::nullopt;
    return *std::min_element(samples.begin(), samples.end());
  }

  Case case_;
  CpuTimer timer_;
  std::vector<std::unique_ptr<CpuCall>> prepared_;
  Memory values_, indices_;
  std::vector<Memory> copies_;
  std::size_t next_ = 0;
  std::vector<Contender> contenders_;
  std::vector<Refusal> refusals_;
  std::vector<std::function<void(const void*)>> runs_;
  std::vector<std::int64_t> calls_;
  std::vector<std::vector<std::int64_t>> expected_;  // by copy
  volatile std::int32_t sink_ = 0;
};

// Bytes a nanosecond of one thread from memory: the best of short passes of the floor over lines that no cache holds.
double measured_roof_gbps() {
  constexpr std::int64_t kBytes = 64 << 20, kPass = 4 << 20, kRow = 1 << 20;
  const Memory memory = allocate(kBytes);
  std::memset(memory.get(), 0x3c, static_cast<std::size_t>(kBytes));
  if (!evict(memory.get(), kBytes)) return 0;
  CpuTimer timer(true);
  double best_us = 0;
  volatile std::int32_t sink = 0;
  for (std::int64_t at = 0; at < kBytes; at += kPass) {
    timer.start();
    sink = stream_max(static_cast<const char*>(memory.get()) + at, kPass / kRow, kRow);
    const auto us = timer.stop_us();
    if (us && (best_us == 0 || *us < best_us)) best_us = *us;
  }
  (void)sink;
  return best_us == 0 ? 0 : static_cast<double>(kPass) / best_us / 1000;
}

class CpuBackend : public Backend {
 public:
  DeviceKind device() const override { return DeviceKind::cpu; }
  const Facts& facts() const override { return facts_; }
  std::unique_ptr<Stage> stage(const Case& c, const Choice& choice) override {
    return std::make_unique<CpuStage>(c, choice);
  }

 private:
  Facts facts_{.machine = cpu_machine(), .roof_gbps = measured_roof_gbps()};
};

}  // namespace

std::unique_ptr<Backend> make_cpu_backend() { return std::make_unique<CpuBackend>(); }

}  // namespace topkit::bench
