// Random123's known answers.
#include "sampling/philox.hpp"

#include <gtest/gtest.h>

namespace topkit::test {
namespace {

using sampling::OneLane;
using sampling::philox;
using sampling::Words;

void expect_words(const Words<OneLane<>>& found, const std::uint32_t (&wanted)[4]) {
  for (int i = 0; i < 4; ++i) EXPECT_EQ(found.word[i], wanted[i]) << "word " << i;
}

TEST(Philox, gives_the_published_answers) {
  expect_words(philox<OneLane<>>(0, {{0, 0, 0, 0}}), {0x6627e8d5, 0xe169c58d, 0xbc57ac4c, 0x9b00dbd8});
  expect_words(philox<OneLane<>>(~std::uint64_t{0}, {{~0U, ~0U, ~0U, ~0U}}),
               {0x408f276d, 0x41c83b0e, 0xa20bc7c6, 0x6d5451fd});
  expect_words(philox<OneLane<>>(0x299f31d0'a4093822, {{0x243f6a88, 0x85a308d3, 0x13198a2e, 0x03707344}}),
               {0xd16cfe09, 0x94fdcceb, 0x5001e420, 0x24126ea1});
}

}  // namespace
}  // namespace topkit::test
