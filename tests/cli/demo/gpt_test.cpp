#include "cli/demo/gpt.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <bit>
#include <cmath>

#include "cli/demo/austen.hpp"
#include "cli/support.hpp"
#include "real_logits.hpp"

namespace topkit::cli::demo {
namespace {

using testing::HasSubstr;

std::vector<float> answer_to(const std::vector<std::int32_t>& context) {
  Reader reader(austen());
  std::span<const float> logits;
  for (const std::int32_t token : context) logits = reader.read(token);
  return {logits.begin(), logits.end()};
}

TEST(Gpt, answers_as_torch_does_in_float64) {
  for (const Answer& answer : answers()) {
    const std::vector<float> ours = answer_to(answer.context);
    ASSERT_EQ(ours.size(), answer.logits.size());
    float worst = 0;
    for (std::size_t i = 0; i < ours.size(); ++i) worst = std::max(worst, std::abs(ours[i] - answer.logits[i]));
    EXPECT_LT(worst, 1e-4F) << answer.context.size() << " tokens";
  }
}

TEST(Gpt, gives_the_same_bits_on_every_machine) {
  std::uint64_t sum = 0;  // Fletcher's: of the numbers and of their places
  std::vector<Answer> shortest = answers();
  shortest.resize(5);  // the others are as long again as all of these, which an emulator feels
  for (const Answer& answer : shortest) {
    std::uint64_t inner = 0;
    for (const float logit : answer_to(answer.context)) sum += inner += std::bit_cast<std::uint32_t>(logit);
  }
  EXPECT_EQ(sum, 8703699059827970836U);
}

TEST(Gpt, has_eight_answers_that_are_part_of_the_benchmark) {
  std::vector<float> all;
  for (const Answer& answer : answers()) all.insert(all.end(), answer.logits.begin(), answer.logits.end());
  EXPECT_TRUE(std::ranges::equal(all, bench::real_logits()));
}

TEST(Gpt, reads_as_much_as_its_context) {
  Reader reader(austen());
  EXPECT_EQ(austen().context(), 128);
  for (int i = 0; i < 127; ++i) reader.read(i);
  EXPECT_FALSE(reader.full());
  reader.read(0);
  EXPECT_TRUE(reader.full());
}

TEST(Gpt, says_what_is_wrong_with_a_file) {
  const test::Folder folder;
  EXPECT_THAT(test::failure([] { read_gpt("nowhere"); }), HasSubstr("--model = 'nowhere': there is no such file"));
  const std::string merges = R"("merges":{"dtype":"U16","shape":[0,2],"data_offsets":[0,0]})";
  const std::string none = folder.write("none", test::safetensors("{" + merges + "}", ""));
  EXPECT_THAT(test::failure([&] { read_gpt(none); }), HasSubstr("has no such tensor"));
  const std::string few = folder.write(
      "few", test::safetensors("{" + merges + R"(,"embedding":{"dtype":"F16","shape":[2,8],"data_offsets":[0,32]}})",
                               std::string(32, '\0')));
  EXPECT_THAT(test::failure([&] { read_gpt(few); }), HasSubstr("tensor 'embedding' is 2 x 8: must fit the others"));
  const std::string wide = folder.write(
      "wide", test::safetensors("{" + merges + R"(,"embedding":{"dtype":"F32","shape":[2,8],"data_offsets":[0,64]}})",
                                std::string(64, '\0')));
  EXPECT_THAT(test::failure([&] { read_gpt(wide); }), HasSubstr("has 2 axes of f32, must have 2 of f16"));
}

}  // namespace
}  // namespace topkit::cli::demo
