// In place of the CUDA files, in a build without nvcc.
#include "runner.hpp"
#include "status.hpp"

namespace topkit::bench {

std::unique_ptr<Backend> make_cuda_backend() {
  fail(TK_UNSUPPORTED, "--device cuda: this build has no CUDA part: build topkit where nvcc is (-DTOPKIT_CUDA=ON)");
}

}  // namespace topkit::bench
