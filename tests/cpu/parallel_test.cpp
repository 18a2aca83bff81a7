#include "cpu/parallel.hpp"

#include <gtest/gtest.h>

#include <atomic>
#include <new>
#include <thread>
#include <vector>

namespace topkit::cpu {
namespace {

void backwards(void*, std::int64_t tasks, tk_task body, void* arg) {
  for (std::int64_t i = tasks - 1; i >= 0; --i) body(arg, i);
}

void thread_each(void*, std::int64_t tasks, tk_task body, void* arg) {
  std::vector<std::thread> threads;
  for (std::int64_t i = 0; i < tasks; ++i) threads.emplace_back([=] { body(arg, i); });
  for (std::thread& thread : threads) thread.join();
}

const std::vector<Pool> kPools = {{}, {backwards, nullptr}, {thread_each, nullptr}};

TEST(Parallel, EveryTaskRunsOnceWhateverThePoolDoes) {
  for (const Pool& pool : kPools)
    for (const std::int64_t tasks : {0, 1, 2, 3, 1000})
      for (const int threads : {0, 1, 2, 7}) {
        std::vector<std::atomic<int>> ran(static_cast<std::size_t>(tasks));
        for_each_task(tasks, threads, pool, [&](std::int64_t task, int) { ++ran[static_cast<std::size_t>(task)]; });
        for (const auto& count : ran) EXPECT_EQ(count, 1) << tasks << " tasks, " << threads << " threads";
      }
}

TEST(Parallel, AWorkerNumberIsNeverUsedTwiceAtOnce) {
  for (const Pool& pool : kPools) {
    std::vector<std::atomic<int>> inside(static_cast<std::size_t>(worker_count(500, 4)));
    std::atomic<bool> clash{false};
    for_each_task(500, 4, pool, [&](std::int64_t, int worker) {
      if (inside.at(static_cast<std::size_t>(worker)).fetch_add(1) != 0) clash = true;
      std::this_thread::yield();
      inside[static_cast<std::size_t>(worker)].fetch_sub(1);
    });
    EXPECT_FALSE(clash);
  }
}

TEST(Parallel, AnExceptionComesBackToTheCallerAndEndsTheHandOut) {
  for (const Pool& pool : kPools)
    for (const int threads : {1, 3}) {
      std::atomic<int> ran{0};
      EXPECT_THROW(for_each_task(100000, threads, pool,
                                 [&](std::int64_t, int) {
                                   ++ran;
                                   throw std::bad_alloc();
                                 }),
                   std::bad_alloc);
      EXPECT_LE(ran, threads);
    }
}

void never(void*, std::int64_t, tk_task, void*) { FAIL() << "the pool was asked"; }

TEST(Parallel, OneTaskStaysOnTheCallersThread) {
  const auto self = std::this_thread::get_id();
  for_each_task(1, 8, Pool{never, nullptr}, [&](std::int64_t, int worker) {
    EXPECT_EQ(std::this_thread::get_id(), self);
    EXPECT_EQ(worker, 0);
  });
}

}  // namespace
}  // namespace topkit::cpu
