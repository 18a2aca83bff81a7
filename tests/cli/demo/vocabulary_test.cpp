#include "cli/demo/vocabulary.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <random>

#include "cli/demo/austen.hpp"
#include "cli/demo/gpt.hpp"
#include "cli/support.hpp"

namespace topkit::cli::demo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

std::string joined(const Vocabulary& vocabulary, const std::vector<std::int32_t>& tokens) {
  std::string text;
  for (const std::int32_t token : tokens) text += vocabulary.text(token);
  return text;
}

TEST(Vocabulary, merges_the_oldest_pair_first_and_from_the_left) {
  const std::vector<std::uint16_t> merges{'b', 'c', 'a', 'b', 'a', 'a', 257, 256};  // bc, ab, aa, abbc
  const Vocabulary vocabulary(merges, "x");
  EXPECT_EQ(vocabulary.size(), 260);
  EXPECT_THAT(vocabulary.encode("abc"), ElementsAre('a', 256));
  EXPECT_THAT(vocabulary.encode("aaa"), ElementsAre(258, 'a'));
  EXPECT_THAT(vocabulary.encode("abbc"), ElementsAre(259));
  EXPECT_THAT(vocabulary.encode(""), ElementsAre());
}

TEST(Vocabulary, refuses_a_token_made_of_one_that_is_not_older) {
  const std::vector<std::uint16_t> merges{'b', 'c', 257, 'a'};
  EXPECT_THAT(test::failure([&] { Vocabulary(merges, "x"); }),
              HasSubstr("file x: token 257 is made of tokens 257 and 97"));
}

TEST(Vocabulary, gives_any_text_back) {
  const Vocabulary& vocabulary = austen().vocabulary;
  EXPECT_EQ(vocabulary.size(), 32768);
  std::mt19937 random(3);
  for (std::string text :
       {"It is a truth universally acknowledged,", "  a\n\n\"Oh!\"  b", "\xff\xfe\x01 caf\xc3\xa9"}) {
    EXPECT_EQ(joined(vocabulary, vocabulary.encode(text)), text);
    std::shuffle(text.begin(), text.end(), random);
    EXPECT_EQ(joined(vocabulary, vocabulary.encode(text)), text);
  }
}

TEST(Vocabulary, has_phrases) {
  const Vocabulary& vocabulary = austen().vocabulary;
  const std::vector<std::int32_t> tokens = vocabulary.encode("Nobody could have been as happy as Miss Dashwood.");
  EXPECT_LT(tokens.size(), 9U);
  EXPECT_EQ(vocabulary.text(tokens[1]), " could have been");
}

// As model/vocabulary.py segments it: the contexts of model/real_logits.safetensors are segments of a text.
TEST(Vocabulary, segments_as_the_training_did) {
  const Vocabulary& vocabulary = austen().vocabulary;
  int whole = 0;
  for (const Answer& answer : answers()) {
    const std::vector<std::int32_t> again = vocabulary.encode(joined(vocabulary, answer.context));
    // The ends were cut out of a longer text: what merges across the cut is not known here.
    whole += again == answer.context ? 1 : 0;
  }
  EXPECT_GE(whole, 6);
}

}  // namespace
}  // namespace topkit::cli::demo
