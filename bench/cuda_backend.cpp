#include <fmt/format.h>

#include "cuda_stage.hpp"

namespace topkit::bench {
namespace {

class CudaBackend : public Backend {
 public:
  CudaBackend() {
    facts_.gpu = machine_.gpu();
    facts_.driver = machine_.driver();
    facts_.cuda = machine_.cuda();
    facts_.clock_mhz = machine_.clock_mhz();
    facts_.capability = machine_.capability();
    facts_.sms = machine_.sms();
    facts_.shared_bytes = machine_.shared_bytes();
    facts_.roof_gbps = machine_.roof_gbps();
    facts_.empty_kernel_us = machine_.empty_us();
    facts_.machine = fmt::format("{}, driver {}, CUDA {}", facts_.gpu, facts_.driver, facts_.cuda);
  }

  DeviceKind device() const override { return DeviceKind::cuda; }
  const Facts& facts() const override { return facts_; }
  bool alive() const override { return machine_.alive(); }
  std::unique_ptr<Stage> stage(const Case& c, const Choice& choice) override {
    return std::make_unique<CudaStage>(c, choice, machine_);
  }

 private:
  CudaMachine machine_;
  Facts facts_;
};

}  // namespace

std::unique_ptr<Backend> make_cuda_backend() { return std::make_unique<CudaBackend>(); }

}  // namespace topkit::bench
