// Measures one case: the floor, topkit and its peers take turns, so that what disturbs one disturbs all.
//
// A device plugs in as a Backend; everything about rounds, medians and results is the same for all of them.
#pragma once

#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "cases.hpp"

namespace topkit::bench {

// What the command line may fix.
struct Choice {
  int threads = 1;
  std::string algorithm, isa;  // empty: the plan chooses
  bool peers = true;
  int rounds = 9;
};

enum class Heat : std::uint8_t { hot, cold };

struct Contender {
  std::string peer;       // "floor", "topkit", or the name of a peer
  std::string algorithm;  // which of topkit's
};

// One case with its inputs on the device and everybody who will be timed on them. The first contender is the floor: a
// streaming maximum over the same rows, which is what reading them costs.
class Stage {
 public:
  virtual ~Stage() = default;
  virtual const std::vector<Contender>& contenders() const = 0;
  // Runs it over every copy of the input and compares all it wrote with a sort on the host.
  virtual bool verify(std::size_t contender) = 0;
  // Microseconds per call; nothing when the sample was disturbed or this heat cannot be had.
  virtual std::optional<double> sample_us(std::size_t contender, Heat heat) = 0;
};

class Backend {
 public:
  virtual ~Backend() = default;
  virtual DeviceKind device() const = 0;
  virtual std::string machine() const = 0;
  virtual std::unique_ptr<Stage> stage(const Case& c, const Choice& choice) = 0;
};

std::unique_ptr<Backend> make_cpu_backend();

struct Result {
  Case what;
  Contender who;
  int threads = 1;
  double hot_us = 0, mad_us = 0, floor_us = 0;
  std::optional<double> cold_us, floor_cold_us;
  bool verified = false;
};

// One result a contender, the floor first. hot_us, cold_us, floor_us: medians over the rounds; mad_us: of hot_us.
std::vector<Result> measure(const Case& c, Backend& backend, const Choice& choice);

}  // namespace topkit::bench
