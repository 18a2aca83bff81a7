#include "cpu/cut.hpp"

#include <gtest/gtest.h>

#include <algorithm>
#include <functional>
#include <random>
#include <vector>

#include "cpu/vec_scalar.hpp"

namespace topkit::cpu {
namespace {

using Ints = Scalar::Vec<Kind::i32>;

// The cut of i32 values against a sort of them.
void check(const char* what, std::uint32_t count, const std::function<std::int32_t(std::uint32_t)>& value) {
  std::vector<std::uint32_t> row(count);
  for (std::uint32_t i = 0; i < count; ++i) row[i] = static_cast<std::uint32_t>(value(i));
  std::vector<std::int32_t> sorted(row.begin(), row.end());
  std::sort(sorted.begin(), sorted.end(), std::greater<>());
  Job job{};
  job.sortable = sortable(info(DType::i32), true, Nan::largest);
  Carver measure(nullptr);
  const CutFinder<Ints> measured(job, count, measure);
  std::vector<std::byte> memory(measure.used() + 64);
  Carver carver(reinterpret_cast<std::byte*>((reinterpret_cast<std::uintptr_t>(memory.data()) + 63) / 64 * 64));
  const CutFinder<Ints> finder(job, count, carver);
  for (const std::uint32_t k : {1U, 2U, count / 1000 + 1, count / 3, count / 2, count - 1, count}) {
    if (k == 0 || k > count) continue;
    const Cut<std::int32_t> cut = finder.find(row.data(), count, k);
    const auto equals = std::equal_range(sorted.begin(), sorted.end(), sorted[k - 1], std::greater<>());
    ASSERT_EQ(cut.value, sorted[k - 1]) << what << " " << count << ", k = " << k;
    ASSERT_EQ(cut.better, equals.first - sorted.begin()) << what << " " << count << ", k = " << k;
    ASSERT_EQ(cut.equal, equals.second - equals.first) << what << " " << count << ", k = " << k;
  }
}

TEST(Cut, IsTheKthWithTheCountsOfBetterAndEqual) {
  std::mt19937 random(3);
  for (const std::uint32_t n : {1U, 2U, 100U, 2048U, 2049U, 10000U, 70000U, 300000U}) {
    check("random", n, [&](auto) { return static_cast<std::int32_t>(random()); });
    check("ascending", n, [&](auto i) { return static_cast<std::int32_t>(i); });
    check("descending", n, [&](auto i) { return -static_cast<std::int32_t>(i); });
    check("all equal", n, [&](auto) { return 5; });
    check("two values", n, [&](auto i) { return static_cast<std::int32_t>(i % 2); });
    check("eleven values", n, [&](auto) { return static_cast<std::int32_t>(random() % 11); });
    check("the ends of the type", n, [&](auto i) { return i % 3 == 0 ? INT32_MIN : i % 3 == 1 ? INT32_MAX : 0; });
    check("one class with a tail", n, [&](auto i) { return i % 1000 == 7 ? static_cast<std::int32_t>(random()) : -9; });
  }
}

// A sample sees only where it looks: everything it looks at lies, so that every bracket misses until the sample is used up.
TEST(Cut, IsExactWhenTheSampleLies) {
  std::mt19937 random(4);
  const std::uint32_t n = 100000, lines = 4096 / 16, stratum = n / lines;
  std::vector<bool> seen(n);
  for (std::uint32_t line = 0; line < lines; ++line) {
    const std::uint32_t jitter = (line * 0x9E3779B1U >> 8) % (stratum - 16 + 1);
    for (std::uint32_t i = 0; i < 16; ++i) seen[line * stratum + jitter + i] = true;
  }
  check("seen ones are the best", n,
        [&](auto i) { return seen[i] ? 1 << 30 : static_cast<std::int32_t>(random() >> 2); });
  check("seen ones are the worst", n, [&](auto i) { return seen[i] ? -5 : static_cast<std::int32_t>(random() >> 2); });
  check("seen ones are distinct and best", n, [&](auto i) {
    return seen[i] ? (1 << 30) + static_cast<std::int32_t>(i) : static_cast<std::int32_t>(random() >> 3);
  });
}

}  // namespace
}  // namespace topkit::cpu
