// Time on the CPU: wall clock of the calling thread, with proof that the thread was not taken off its core.
#pragma once

#include <cstdint>
#include <optional>

namespace topkit::bench {

class CpuTimer {
 public:
  // With several threads the caller may rightly sleep, so only one thread's time can be held against the wall.
  explicit CpuTimer(bool one_thread) : one_thread_(one_thread) {}

  void start();
  // Microseconds since start(); nothing when the thread was preempted in between (thread CPU time / wall < 0.975).
  std::optional<double> stop_us();

 private:
  bool one_thread_;
  std::int64_t wall_ns_ = 0, cpu_ns_ = 0, switches_ = 0;
};

// Drops every cache line of [data, data + bytes) from all caches, where the instruction set can; true when it did.
bool evict(const void* data, std::int64_t bytes);

}  // namespace topkit::bench
