// Threads of the CPU engine: a caller's loop or oneTBB, with tasks handed out one by one.
#pragma once

#include <algorithm>
#include <atomic>
#include <cstdint>
#include <exception>
#include <mutex>
#include <type_traits>

#include "engine.hpp"

namespace topkit::cpu {

// Calls body(context, worker) for worker = 0 .. workers - 1 in any order, on any threads, maybe all on this one. body
// must not throw.
void run_workers(int workers, const Pool& pool, void (*body)(void* context, int worker), void* context);

// At most how many workers are worth having for `tasks` tasks.
inline int worker_count(std::int64_t tasks, int threads) {
  return static_cast<int>(std::clamp<std::int64_t>(threads, 1, std::max<std::int64_t>(tasks, 1)));
}

// Calls body(task, worker) once for every task in [0, tasks); worker < worker_count(tasks, threads) names the scratch
// that only this call uses at the moment. Tasks are taken from one counter, so a slow thread holds nobody up, and a
// pool that runs the workers one after another is as right as one that runs them at once. The first exception of a body
// ends the hand-out and is rethrown here, on the caller's thread: none crosses the caller's C functions.
template <class Body>
void for_each_task(std::int64_t tasks, int threads, const Pool& pool, Body&& body) {
  const int workers = worker_count(tasks, threads);
  if (workers == 1) {
    for (std::int64_t task = 0; task < tasks; ++task) body(task, 0);
    return;
  }
  struct Shared {
    std::remove_reference_t<Body>* body;
    std::int64_t tasks;
    std::atomic<std::int64_t> next{0};
    std::mutex failure_lock;
    std::exception_ptr failure;
  } shared{&body, tasks};
  run_workers(
      workers, pool,
      [](void* context, int worker) {
        auto& s = *static_cast<Shared*>(context);
        try {
          for (std::int64_t task; (task = s.next.fetch_add(1, std::memory_order_relaxed)) < s.tasks;)
            (*s.body)(task, worker);
        } catch (...) {
          s.next.store(s.tasks, std::memory_order_relaxed);
          const std::lock_guard<std::mutex> hold(s.failure_lock);
          if (!s.failure) s.failure = std::current_exception();
        }
      },
      &shared);
  if (shared.failure) std::rethrow_exception(shared.failure);
}

}  // namespace topkit::cpu
