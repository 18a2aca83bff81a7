// Log-probabilities of rows whose logits are not changed, read once.
//
// Regime: any rows of up to a million tokens, of up to 64 ids each.
// Passes over memory: one, and a hundredth again.
// Limit: bandwidth for many rows, two launches for few.
// Ideas: sample_logprobs_tiles.cuh.
#include "sample_launch.hpp"
#include "sample_logprobs_found.cuh"

namespace topkit::cuda {
namespace {

template <class L>
void launch_tiles(int turns, const SampleArgs& args, void* workspace, Stream stream) {
  const SampleProblem& p = args.problem;
  const std::int64_t tiles = tiles_of(p.cols), of_block = std::int64_t{turns} * kTileWarps,
                     blocks = (tiles + of_block - 1) / of_block;
  const float c =
      One::Mul(sampling::inverse_temperature<One>(sampling::temperature_of(args.temperature.value)), sampling::kLog2E);
  auto* const maxima = static_cast<Key*>(workspace);
  auto* const tallies = reinterpret_cast<std::uint64_t*>(maxima + p.rows * tiles * Tile<L>::kGranules);
  constexpr std::int64_t kMostBlocks = 1 << 30;
  const std::int64_t at_once = kMostBlocks / blocks;
  for (std::int64_t row = 0; row < p.rows; row += at_once) {
    const std::int64_t rows = p.rows - row < at_once ? p.rows - row : at_once;
    const SampleTilesLaunch all{
        args, row, static_cast<std::uint32_t>(blocks), static_cast<std::uint32_t>(turns), tiles, maxima, tallies, c};
    launch(sample_logprobs_tiles<L>,
           LaunchShape{.kernel = "sample_logprobs_tiles",
                       .grid = static_cast<unsigned>(rows * blocks),
                       .block = kTileWarps * kWarp,
                       .stream = stream,
                       .pdl = true},
           all);
    launch(sample_logprobs_found<L>,
           LaunchShape{.kernel = "sample_logprobs_found",
                       .grid = static_cast<unsigned>(rows),
                       .block = kFoundThreads,
                       .stream = stream,
                       .pdl = true},
           all);
  }
}

}  // namespace

void logprobs_by_tiles(int turns, const SampleArgs& args, void* workspace, Stream stream) {
  switch (args.problem.dtype) {
    case DType::bf16: return launch_tiles<LogitBf16>(turns, args, workspace, stream);
    case DType::f16: return launch_tiles<LogitF16>(turns, args, workspace, stream);
    default: return launch_tiles<LogitF32>(turns, args, workspace, stream);
  }
}

}  // namespace topkit::cuda
