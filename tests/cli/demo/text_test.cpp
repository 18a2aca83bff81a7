// topkit demo text: what it writes does not depend on the machine.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

#include "cli/demo/austen.hpp"
#include "cli/demo/passage.hpp"
#include "cli/program.hpp"

namespace topkit::cli::demo {
namespace {

using testing::ElementsAre;
using testing::HasSubstr;

test::Run demo(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), {"demo", "text"});
  arguments.insert(arguments.end(), {"--model", kModelFolder + "/austen.safetensors"});
  return test::topkit(arguments);
}

// Two of its lines end with times.
std::string untimed(const std::string& text) { return std::regex_replace(text, std::regex(" +[0-9.]+ us .*"), " us"); }

TEST(DemoText, shows_text_candidates_and_times) {
  const test::Run run = demo({"--tokens", "12"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_EQ(
      untimed(run.out),
      R"(A GPT of 3.9 million numbers, which has read Jane Austen's novels, goes on from 'It is a truth universally acknowledged, that'

The likeliest token each time (temperature 0)
  it would be no possible thing in the world; but for this unfortunate friend would, in all
  probability be

Drawn (temperature 0.8, top-k 50, top-p 0.95, seed 16)
  it would be a great relief to my sister's sake."
  "I mean," cried

The first draw was from 45 of 32768 tokens
   probability  drawn with  token
        4.51 %     32.16 %  ' it would be'  <- drawn
        1.18 %      6.04 %  ' whatever'
        0.75 %      3.42 %  ' it was not'
        0.67 %      2.94 %  ' no one'
        0.55 %      2.34 %  ' Mr. Darcy'
        0.54 %      2.27 %  ' it is not'
        0.52 %      2.14 %  ' he had not'
        0.46 %      1.85 %  ', though'

From 32768 logits to a token (mean of these 12 draws, best of 5 rounds)
  topkit us
  softmax, sort, cumulative sum, draw us
  Both draw from as many candidates in 12 of 12 draws.
)");
}

TEST(DemoText, differs_with_the_seed_and_not_from_run_to_run) {
  const test::Run once = demo({"Mr. Darcy", "--tokens", "8", "--seed", "1"}),
                  again = demo({"Mr. Darcy", "--tokens", "8", "--seed", "1"}),
                  other = demo({"Mr. Darcy", "--tokens", "8", "--seed", "2"});
  EXPECT_EQ(untimed(once.out), untimed(again.out));
  EXPECT_NE(untimed(once.out), untimed(other.out));
}

TEST(DemoText, the_tokens_of_a_seed_are_the_same_on_every_machine) {
  const Vocabulary& vocabulary = austen().vocabulary;
  const std::vector<std::int32_t> prompt = vocabulary.encode("Elizabeth");
  const Filters filters{.temperature = 1, .top_k = 0, .top_p = 1};
  EXPECT_THAT(write_on(austen(), prompt, 6, filters, 3).tokens, ElementsAre(10416, 11825, 12066, 1203, 11830, 4928));
  EXPECT_THAT(write_on(austen(), prompt, 6, {.temperature = 0}, 3).tokens,
              ElementsAre(16332, 12133, 4847, 11805, 1724, 18091));
}

TEST(DemoText, ends_with_the_context) {
  const Passage passage = write_on(austen(), austen().vocabulary.encode("She"), 1000, {}, 1);
  EXPECT_EQ(passage.rows(), austen().context());
}

TEST(DemoText, refuses_what_it_cannot_do) {
  for (const auto& [arguments, sentence] : std::vector<std::pair<std::vector<std::string>, std::string>>{
           {{""}, "PROMPT = '': must have a character"},
           {{std::string(300, '#')}, "tokens, at most 128 fit"},
           {{"--tokens", "0"}, "--tokens = 0: must be at least 1"},
           {{"--temperature", "0"}, "--temperature = 0: must be above 0"},
           {{"--top-p", "2"}, "top_p = 2: must be in 0..1"},
           {{"--top-k", "-3"}, "top_k = -3: must be 0 (off) or more"}}) {
    const test::Run run = demo(arguments);
    EXPECT_EQ(run.code, 2);
    EXPECT_THAT(run.err, HasSubstr(sentence));
    EXPECT_EQ(run.out, "");
  }
}

}  // namespace
}  // namespace topkit::cli::demo
