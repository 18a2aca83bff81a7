// Threads: how many there are, whose they are and in which order they run must not show in the answer.
#include <thread>

#include "support/pools.hpp"
#include "support/trial.hpp"

namespace topkit::test {
namespace {

std::vector<Request> requests() {
  std::vector<Request> all;
  for (const auto& [rows, cols, k] : {std::tuple{300, 64, 3},
                                      {64, 3000, 40},
                                      {7, 20000, 300},
                                      {1, 400000, 50},
                                      {1, 1100000, 2000},
                                      {2, 300000, 100000},
                                      {5, 70000, 1}}) {
    for (const DType dtype : {DType::f32, DType::bf16, DType::i64, DType::u8}) {
      Request request{.dtype = dtype, .rows = rows, .cols = cols, .k = k};
      request.order = static_cast<Order>(all.size() % 3);
      request.lengths = all.size() % 4 == 3;
      request.distribution = all.size() % 5 == 4 ? "few_distinct" : "normal";
      all.push_back(request);
    }
  }
  return all;
}

TEST(Threads, of_any_number_give_the_oracles_answer) {
  for (const Request& request : requests()) {
    Trial trial(request);
    for (const int threads : {0, 1, 2, 3, 8}) ASSERT_TRUE(trial.matches_oracle({.threads = threads}));
  }
}

TEST(Threads, of_a_lent_pool_give_the_oracles_answer) {
  for (const Request& request : requests()) {
    Trial trial(request);
    ASSERT_TRUE(trial.matches_oracle({.threads = 4, .parallel_for = backwards}));
    ASSERT_TRUE(trial.matches_oracle({.threads = 3, .parallel_for = three_threads}));
  }
}

TEST(Threads, every_algorithm_gives_the_oracles_answer_on_a_lent_pool) {
  for (const auto& [rows, cols, k] : {std::tuple{500, 200, 4}, {60, 2000, 20}, {1, 500000, 100}}) {
    Trial trial({.rows = rows, .cols = cols, .k = k});
    for (Engine engine : cpu_engines()) {
      engine.threads = 5, engine.parallel_for = backwards;
      ASSERT_TRUE(trial.matches_oracle(engine, true));
    }
  }
}

TEST(Threads, a_lent_pool_is_used_for_long_work_and_never_when_one_thread_is_asked_for) {
  Trial trial({.rows = 64, .cols = 50000, .k = 50});
  std::int64_t calls = 0;
  ASSERT_TRUE(trial.matches_oracle({.threads = 4, .parallel_for = backwards, .pool = &calls}));
  EXPECT_GT(calls, 0);
  calls = 0;
  ASSERT_TRUE(trial.matches_oracle({.threads = 1, .parallel_for = backwards, .pool = &calls}));
  EXPECT_EQ(calls, 0);
}

TEST(Threads, may_all_call_at_once) {
  std::vector<std::thread> threads;
  std::atomic<int> wrong = 0;
  for (int t = 0; t < 4; ++t) {
    threads.emplace_back([t, &wrong] {
      for (int i = 0; i < 20; ++i) {
        Request request{
            .dtype = i % 2 == 0 ? DType::f32 : DType::f16, .rows = 4, .cols = 500 + 400 * i, .k = 1 + 9 * i};
        request.seed = static_cast<std::uint64_t>(100 * t + i);
        Trial trial(request);
        if (!trial.matches_oracle({.threads = i % 3})) ++wrong;
      }
    });
  }
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, 0);
}

}  // namespace
}  // namespace topkit::test
