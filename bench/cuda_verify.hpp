// Is what a GPU wrote the answer? Decided on the GPU, exactly, by counting: it shares no code with the engines.
//
// A row's answer is right when its indices are in range and different, its values are bitwise the input's, its order is the
// one asked for, and as many elements of the row as it holds are at least as good as the worst it holds: then no better
// one is missing.
#pragma once

#include <cstdint>
#include <string>

#include "cases.hpp"
#include "cuda_memory.hpp"

namespace topkit::bench {

struct Answer {
  const void* x;                          // [rows, cols]
  const void* values;                     // null: not written
  const void* indices;                    // int32 or int64
  const std::int32_t* lengths = nullptr;  // of the rows; places beyond hold -1 and the worst value
  int index_bytes = 8;
  std::int64_t row_stride;       // of values and indices, in elements
  bool lower_index_wins = true;  // topkit's promise; a peer need only have the right values
  bool sorted = true;            // best first (of equal values any, unless lower_index_wins)
};

class CudaVerifier {
 public:
  // "" when the answer is right, else what is wrong with it. Order::index: ascending indices.
  std::string complaint(const Case& c, const Answer& answer, cudaStream_t stream);

 private:
  DeviceMemory marks_, rows_, trouble_;
};

}  // namespace topkit::bench
