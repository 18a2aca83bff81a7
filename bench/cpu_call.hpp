// One prepared call of tk_topk on the CPU, and what the plan says about it.
#pragma once

#include <array>
#include <string>

#include "runner.hpp"
#include "topkit/topkit.h"

namespace topkit::bench {

class CpuCall {
 public:
  CpuCall(const Case& c, const Choice& choice);
  CpuCall(const CpuCall&) = delete;
  CpuCall& operator=(const CpuCall&) = delete;

  // Throws std::runtime_error with tk_last_error's sentence.
  void run(const void* x, void* values, std::int64_t* indices);
  std::string algorithm() const;  // as the plan names it, with its instruction set

 private:
  std::array<std::int64_t, 2> in_shape_, out_shape_;
  std::string algorithm_, isa_;
  tk_options options_;
  DLTensor x_, values_, indices_;
};

}  // namespace topkit::bench
