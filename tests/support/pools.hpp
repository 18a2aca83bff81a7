// Host thread pools to lend: one that runs backwards on the calling thread, one of real threads.
#pragma once

#include <atomic>
#include <cstdint>
#include <thread>
#include <vector>

#include "topkit/topkit.h"

namespace topkit::test {

inline void backwards(void* calls, std::int64_t tasks, tk_task body, void* arg) {
  if (calls != nullptr) ++*static_cast<std::int64_t*>(calls);
  for (std::int64_t i = tasks - 1; i >= 0; --i) body(arg, i);
}

inline void three_threads(void*, std::int64_t tasks, tk_task body, void* arg) {
  std::atomic<std::int64_t> next = 0;
  const auto work = [&] {
    for (std::int64_t i = next++; i < tasks; i = next++) body(arg, i);
  };
  std::vector<std::thread> threads;
  for (int i = 0; i < 3; ++i) threads.emplace_back(work);
  for (std::thread& thread : threads) thread.join();
}

}  // namespace topkit::test
