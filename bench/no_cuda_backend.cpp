// In place of the CUDA files, in a build without nvcc.
#include "runner.hpp"
#include "sampling.hpp"
#include "status.hpp"

namespace topkit::bench {

namespace {
[[noreturn]] void refuse() {
  fail(TK_UNSUPPORTED, "--device cuda: this build has no CUDA part: build topkit where nvcc is (-DTOPKIT_CUDA=ON)");
}
}  // namespace

std::unique_ptr<Backend> make_cuda_backend() { refuse(); }
void run_sampling(const Command&, std::ostream&, std::ostream*) { refuse(); }

}  // namespace topkit::bench
