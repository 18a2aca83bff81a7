#include "cli/guide/choices.hpp"

#include <gtest/gtest.h>

#include "cli/known_devices.hpp"

namespace topkit::cli::guide {
namespace {

TEST(GuideChoices, are_put_into_questions_that_lead_back_to_them) {
  Device cpu;
  cpu.isas = 1U << static_cast<int>(Isa::avx512);
  for (const Device& device : {find_device("sm_90"), find_device("sm_80"), cpu}) {
    const std::vector<Choice> choices = choices_on(device);
    ASSERT_GT(choices.size(), 1000U);
    const Node tree = tree_of(choices);
    std::size_t same = 0;
    for (const Choice& choice : choices) same += tree.find(choice.problem).algorithm == choice.algorithm ? 1 : 0;
    const double share = static_cast<double>(same) / static_cast<double>(choices.size());
    EXPECT_DOUBLE_EQ(share, agreement(tree));
    EXPECT_GE(share, 0.98);
  }
}

TEST(GuideChoices, split_where_the_answer_changes) {
  std::vector<Choice> choices;
  for (std::int64_t cols = 64; cols <= 4096; cols *= 2)
    for (const std::int64_t rows : {1, 8}) {
      Problem p;
      p.rows = rows, p.cols = cols, p.k = 1;
      choices.push_back(
          {p, cols <= 512 ? Algorithm::cuda_warp : Algorithm::cuda_block, cols <= 512 ? "short" : "long"});
    }
  const Node tree = tree_of(choices);
  ASSERT_FALSE(tree.leaf());
  EXPECT_EQ(question(tree, true), "columns at most 512");
  EXPECT_EQ(question(tree, false), "columns above 512");
  EXPECT_EQ(tree.left->algorithm, Algorithm::cuda_warp);
  EXPECT_EQ(tree.left->why, "short");
  EXPECT_TRUE(tree.right->leaf());
  EXPECT_EQ(agreement(tree), 1);
}

}  // namespace
}  // namespace topkit::cli::guide
