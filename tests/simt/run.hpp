// Runs a lambda as a kernel on the host stand-in, under several lane orders.
#pragma once

#include <gtest/gtest.h>

#include <cstdint>
#include <functional>
#include <string>

#include "cuda/launch.hpp"

namespace topkit::test {

inline constexpr std::uint64_t kSeeds[] = {0, 1, 2, 3};

// Runs the body under one seed; "" or the words of the fault.
inline std::string run_kernel(const cuda::LaunchShape& shape, std::uint64_t seed, const std::function<void()>& body) {
  simt::settings().seed = seed;
  try {
    simt::run({shape.kernel, shape.grid, shape.block, shape.cluster, shape.shared_bytes}, body);
    return "";
  } catch (const simt::Fault& fault) {
    return fault.what();
  }
}

// Runs it under every seed; the body's expectations are checked inside.
inline void run_everywhere(const cuda::LaunchShape& shape, const std::function<void()>& body) {
  for (const std::uint64_t seed : kSeeds) EXPECT_EQ(run_kernel(shape, seed, body), "") << "seed " << seed;
}

}  // namespace topkit::test
