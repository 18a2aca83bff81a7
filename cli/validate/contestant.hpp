// Who is asked: an algorithm by an instruction set, or by the GPU; and the means to ask.
#pragma once

#include <memory>
#include <string>
#include <vector>

#include "cli/validate/question.hpp"

namespace topkit::cli::validate {

struct Contestant {
  std::string algorithm, isa;  // algorithm "": the plan's choice
  DLDeviceType device = kDLCPU;

  std::string name() const;
};

enum class Outcome : std::uint8_t { right, declined, wrong };

struct Reply {
  Outcome outcome = Outcome::right;
  std::string complaint;
};

// The memory of one device, and tk_topk over it.
class Side {
 public:
  virtual ~Side() = default;
  // The question that is asked from here on; it must outlive the asking.
  virtual void put(const Question& question) = 0;
  // Asks over outputs that were filled with other bytes before, on so many threads of a CPU.
  virtual Reply ask(const Contestant& who, int threads) = 0;
};

std::unique_ptr<Side> cpu_side();
std::unique_ptr<Side> cuda_side();  // throws Failure when there is none

// All algorithms of a device on all instruction sets that this machine has, the plan's choice first.
std::vector<Contestant> contestants(DLDeviceType device);

}  // namespace topkit::cli::validate
