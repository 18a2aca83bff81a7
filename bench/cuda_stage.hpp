// One case on the GPU: the copies, the floor, topkit (by its plan, or by every algorithm) and the peers, each as graphs.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <vector>

#include "cuda_call.hpp"
#include "cuda_floor.hpp"
#include "cuda_inputs.hpp"
#include "cuda_verify.hpp"
#include "peers/cuda_peer.hpp"
#include "runner.hpp"

namespace topkit::bench {

class CudaStage : public Stage {
 public:
  CudaStage(const Case& c, const Choice& choice, CudaMachine& machine);

  const std::vector<Contender>& contenders() const override { return contenders_; }
  const std::vector<Refusal>& refusals() const override { return refusals_; }
  std::string complaint(std::size_t contender) override;
  std::optional<double> sample_us(std::size_t contender, Heat heat) override;

 private:
  struct Entrant {
    std::function<void(const void*)> run;
    std::function<Answer()> answer;  // null for the floor
    std::function<void()> poison;
    std::unique_ptr<CallGraph> hot, cold;
    FloorShape hot_shape{}, cold_shape{};
  };

  const std::int32_t* lengths() const { return case_.lengths.empty() ? nullptr : lengths_.as<std::int32_t>(); }
  void add_floor();
  void add_topkit(const std::string& algorithm, bool forced);
  void add_peer(const CudaPeer& peer);
  // Tries the call once, then captures its graphs; a failure becomes a refusal.
  void enter(Contender who, Entrant entrant);
  std::unique_ptr<CallGraph> hot_graph(const std::function<void(const void*)>& run);
  std::unique_ptr<CallGraph> cold_graph(const std::function<void(const void*)>& run);
  double try_us(const std::function<void(const void*)>& run);
  std::string floor_complaint(const FloorShape& shape);
  std::string answer_complaint(Entrant& entrant, const CallGraph& graph, const void* x);
  std::string oracle_complaint(const Answer& answer);

  Case case_;
  CudaMachine& machine_;
  CudaInputs inputs_;
  std::int64_t floor_bytes_;  // that a call has to read
  CudaTimer timer_;
  CudaVerifier verifier_;
  DeviceMemory values_, indices_, lengths_;
  int index_bytes_;
  const tk_tuning* tuning_;
  std::vector<std::int64_t> expected_;  // of the first copy, once a sort on the host was needed
  std::vector<std::unique_ptr<CudaCall>> calls_;
  std::vector<std::unique_ptr<CudaPeerCall>> peers_;
  std::vector<Contender> contenders_;
  std::vector<Refusal> refusals_;
  std::vector<Entrant> entrants_;
};

}  // namespace topkit::bench
