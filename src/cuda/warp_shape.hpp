// Blocks of warps that have a row each. Pure host code.
#pragma once

#include <cstdint>

namespace topkit::cuda {

inline constexpr int kAloneThreads = 128;
inline constexpr int kWaveThreads = 512;  // two such blocks fill a multiprocessor: none can take more than its part

// Threads of a block: rows that fill the device once, or nearly, are dealt evenly by the largest blocks; of fewer rows a
// multiprocessor would have a whole block more than others, and of more each waits for a block's slowest warp.
constexpr int alone_threads(std::int64_t rows, int sms) {
  constexpr std::int64_t kOfWave = 32, kNearly = 24;  // warps of a multiprocessor
  return kNearly * sms < rows && rows <= kOfWave * sms ? kWaveThreads : kAloneThreads;
}

}  // namespace topkit::cuda
