// Measures one case: the floor, topkit and its peers take turns, so that what disturbs one disturbs all.
//
// A device plugs in as a Backend; everything about rounds, medians and results is the same for all of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cases.hpp"
#include "topkit/topkit.h"

namespace topkit::bench {

// What the command line may fix.
struct Choice {
  int threads = 1;
  std::string algorithm, isa;  // empty: the plan chooses; algorithm "all": the plan's, and each forced
  bool peers = true;
  int rounds = 9;
  int index_bytes = 8;
  const tk_tuning* tuning = nullptr;  // the plan's table; nullptr: the built-in one
};

enum class Heat : std::uint8_t { hot, cold };

struct Contender {
  std::string peer;       // "floor", "topkit", or the name of a peer
  std::string algorithm;  // which of topkit's
  bool forced = false;    // not the plan's choice
  bool sorted = true;     // best first; some peers cannot
  int launches = 0;       // kernels of a call, where that is known
};

// A contender that could not take part, and why.
struct Refusal {
  Contender who;
  std::string why;
};

// One case with its inputs on the device and everybody who will be timed on them. The first contender is the floor: a
// streaming maximum over the same rows, which is what reading them costs.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual const std::vector<Contender>& contenders() const = 0;
  virtual const std::vector<Refusal>& refusals() const = 0;
  // Runs it again and judges all it wrote: "" when it is the answer, else what is wrong.
  virtual std::string complaint(std::size_t contender) = 0;
  // Microseconds per call; nothing when the sample was disturbed or this heat cannot be had.
  virtual std::optional<double> sample_us(std::size_t contender, Heat heat) = 0;
};

// Where a number comes from: what stands in the first line of a file of results.
struct Facts {
  std::string machine;  // one line that names all below that are known
  std::string gpu, driver, cuda;
  int clock_mhz = 0;
  int capability = 0, sms = 0;  // what the plan knows of the GPU
  std::int64_t shared_bytes = 0;
  double roof_gbps = 0;        // of the memory, measured
  double empty_kernel_us = 0;  // measured as the calls are
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual DeviceKind device() const = 0;
  virtual const Facts& facts() const = 0;
  virtual std::unique_ptr<Stage> stage(const Case& c, const Choice& choice) = 0;
  virtual bool alive() const { return true; }  // false: nothing more can be measured by this process
};

std::unique_ptr<Backend> make_cpu_backend();
// Throws Failure (unsupported) when this build, or this machine, has no CUDA.
std::unique_ptr<Backend> make_cuda_backend();

struct Result {
  Case what;
  Contender who;
  int threads = 1, index_bytes = 8, rounds = 0;  // rounds: the stop rule, so many and no fewer
  double hot_us = 0, mad_us = 0, floor_us = 0;
  std::optional<double> cold_us, cold_mad_us, floor_cold_us;
  bool verified = false;
  std::string complaint;
};

struct Measured {
  std::vector<Result> results;  // one a contender, the floor first
  std::vector<Refusal> refusals;
};

// hot_us, cold_us, floor_us: medians over the rounds; mad_us, cold_mad_us: of hot_us and cold_us.
Measured measure(const Case& c, Backend& backend, const Choice& choice);

}  // namespace topkit::bench
