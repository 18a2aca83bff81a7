#include "cpu/scratch.hpp"

#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>
#include <thread>
#include <vector>

namespace topkit::cpu {
namespace {

TEST(Scratch, IsAlignedAndWholeWhateverCameBefore) {
  std::vector<AlignedBytes> held;
  for (const std::size_t bytes : {0UL, 1UL, 100UL, 70000UL, 5000000UL, 40000000UL, 100000000UL})
    for (int i = 0; i < 12; ++i) {
      held.push_back(allocate(bytes));
      ASSERT_EQ(reinterpret_cast<std::uintptr_t>(held.back().get()) % 64, 0U);
      std::memset(held.back().get(), i, bytes < 200000 ? bytes : 1);
      if (i % 3 == 2) held.erase(held.begin() + i / 3);
      if (held.size() > 20) held.clear();
    }
}

TEST(Scratch, OfOneCallIsNotGivenToACallInsideIt) {
  const AlignedBytes outer = allocate(1000);
  const AlignedBytes inner = allocate(1000);
  EXPECT_NE(outer.get(), inner.get());
}

TEST(Scratch, StaysWithItsThread) {
  const std::byte* first = allocate(300000).get();
  EXPECT_EQ(allocate(300000).get(), first);
  std::thread([] { EXPECT_NE(allocate(300000).get(), nullptr); }).join();
}

}  // namespace
}  // namespace topkit::cpu
