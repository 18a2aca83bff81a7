// One request on the GPU beside the same request on the CPU engine: every byte of the outputs must agree.
#pragma once

#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "device.hpp"
#include "support/request.hpp"
#include "topkit/topkit.h"

namespace topkit::gpu_test {

using test::Request;

// A tensor in host memory with its twin on the device.
struct Twin {
  std::vector<std::int64_t> shape, strides;  // in elements
  DLDataType type{};
  std::vector<std::byte> host;  // from the first element to one past the last
  std::byte* device = nullptr;

  std::int64_t extent() const;
  std::int64_t row_offset(std::int64_t row) const;
  DLTensor on_host();
  DLTensor on_device() const;
};

// Device memory that one worker uses for one trial after another: never cleared, so every trial finds the last one's dirt.
struct Arena {
  DeviceStream stream;
  DeviceBuffer inputs, outputs, workspace;
};

class Trial {
 public:
  // Makes the input and asks the CPU. The request's shape must be one that CUDA takes.
  explicit Trial(const Request& request);

  // Copies the input to the device.
  void upload(Arena& arena);
  // New content of the same layout for a replayed graph: made, solved by the CPU and uploaded to the same addresses.
  void renew(std::uint64_t seed, Arena& arena);

  // Enqueues one call; false when the algorithm declines. Throws when it fails.
  bool enqueue(std::string_view algorithm, Arena& arena, cudaStream_t stream);
  // Poisons the outputs on the device, in the stream's order.
  void poison(Arena& arena, cudaStream_t stream);
  // Waits and compares; "" when all agrees.
  std::string difference(Arena& arena);

  std::size_t workspace_bytes(std::string_view algorithm, Arena& arena);
  const std::byte* output() const { return outputs_at_; }  // both outputs and their margins, on the device
  std::size_t output_bytes() const { return outputs_bytes_; }
  std::string name() const;

 private:
  struct Span {
    std::int64_t begin, end, count;
  };
  struct Winner {
    std::int64_t index;
    std::uint64_t raw;
    auto operator<=>(const Winner&) const = default;
  };

  void make_input();
  void make_row_arrays();
  void solve_on_cpu();
  tk_options options(std::string_view algorithm, bool on_device);
  std::vector<Winner> winners(const Twin& values, const Twin& indices, std::byte* value_bytes, std::byte* index_bytes,
                              std::int64_t row) const;

  Request request_;
  Twin x_, ids_, lengths_, starts_, row_k_, values_, indices_;
  DLTensor ids_dl_{}, lengths_dl_{}, starts_dl_{}, row_k_dl_{};  // what options() points to
  std::string algorithm_;
  std::vector<Span> spans_;
  std::uint64_t fill_ = 0;
  std::byte* outputs_at_ = nullptr;
  std::size_t outputs_bytes_ = 0;
};

// "" (whom the plan chooses) and every CUDA algorithm.
const std::vector<std::string>& cuda_algorithms();

// On CUDA the selected axis has stride 1 and the others one stride.
Request for_cuda(Request request);

}  // namespace topkit::gpu_test
