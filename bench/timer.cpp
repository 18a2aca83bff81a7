#include "timer.hpp"

#include <sys/resource.h>
#include <time.h>

#if defined(__x86_64__)
#include <immintrin.h>
#endif

namespace topkit::bench {
namespace {

constexpr double kLeastShare = 0.975;
constexpr std::int64_t kShareFromNs = 100'000;  // below, reading the clocks is itself a share that counts

std::int64_t clock_ns(clockid_t clock) {
  timespec t{};
  clock_gettime(clock, &t);
  return t.tv_sec * 1'000'000'000 + t.tv_nsec;
}

std::int64_t involuntary_switches() {
  rusage usage{};
  getrusage(RUSAGE_THREAD, &usage);
  return usage.ru_nivcsw;
}

}  // namespace

void CpuTimer::start() {
  switches_ = involuntary_switches();
  cpu_ns_ = clock_ns(CLOCK_THREAD_CPUTIME_ID);
  wall_ns_ = clock_ns(CLOCK_MONOTONIC);
}

std::optional<double> CpuTimer::stop_us() {
  const std::int64_t wall = clock_ns(CLOCK_MONOTONIC) - wall_ns_;
  const std::int64_t cpu = clock_ns(CLOCK_THREAD_CPUTIME_ID) - cpu_ns_;
  if (one_thread_) {
    if (involuntary_switches() != switches_) return std::nullopt;
    if (wall >= kShareFromNs && static_cast<double>(cpu) < kLeastShare * static_cast<double>(wall)) return std::nullopt;
  }
  return static_cast<double>(wall) / 1000;
}

bool evict(const void* data, std::int64_t bytes) {
#if defined(__x86_64__)
  constexpr std::int64_t kLine = 64;
  const auto* first = static_cast<const char*>(data);
  for (std::int64_t i = 0; i < bytes; i += kLine) _mm_clflush(first + i);
  _mm_mfence();
  return true;
#else
  (void)data, (void)bytes;
  return false;
#endif
}

}  // namespace topkit::bench
