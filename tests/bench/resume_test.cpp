#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>
#include <sstream>

#include "command.hpp"
#include "results_file.hpp"
#include "status.hpp"

namespace topkit::bench {
namespace {

class Resume : public testing::Test {
 protected:
  void SetUp() override {
    path_ = testing::TempDir() + "/resume_test.jsonl";
    std::filesystem::remove(path_);
  }
  void TearDown() override { std::filesystem::remove(path_); }

  Command command(std::vector<std::string> distributions) const {
    Command command{
        .rows = 2, .cols = 100, .k = 3, .distributions = std::move(distributions), .resume = path_, .commit = "c"};
    command.choice.rounds = 1;
    command.choice.peers = false;
    return command;
  }
  std::string content() const {
    std::stringstream text;
    text << std::ifstream(path_).rdbuf();
    return text.str();
  }

  std::string path_;
};

TEST_F(Resume, adds_what_is_missing_and_does_not_touch_what_is_there) {
  std::stringstream out;
  run(command({"normal"}), out, nullptr);
  const std::string first = content();
  EXPECT_EQ(read_results(path_).records.size(), 2U);  // floor, topkit
  run(command({"normal", "relu"}), out, nullptr);
  EXPECT_THAT(content(), testing::StartsWith(first));
  EXPECT_EQ(read_results(path_).records.size(), 4U);
  const std::string second = content();
  run(command({"normal", "relu"}), out, nullptr);
  EXPECT_EQ(content(), second);
}

TEST_F(Resume, measures_the_case_again_whose_lines_were_cut_off) {
  std::stringstream out;
  run(command({"normal", "relu"}), out, nullptr);
  std::filesystem::resize_file(path_, content().size() - 30);
  run(command({"normal", "relu"}), out, nullptr);
  const ResultsFile file = read_results(path_);
  EXPECT_EQ(file.cut_off, "");
  EXPECT_EQ(file.records.back().text("distribution"), "relu");
  EXPECT_EQ(file.records.back().text("peer"), "topkit");
  EXPECT_EQ(file.records[1].text("distribution"), "normal");
}

TEST_F(Resume, refuses_a_file_of_another_commit_and_one_that_is_no_results) {
  std::stringstream out;
  run(command({"normal"}), out, nullptr);
  const std::string before = content();
  Command other = command({"relu"});
  other.commit = "d";
  EXPECT_THAT([&] { run(other, out, nullptr); },
              testing::ThrowsMessage<Failure>(testing::HasSubstr("commit is 'c', here it is 'd'")));
  EXPECT_EQ(content(), before);
  std::ofstream(path_) << "no results\n";
  EXPECT_THAT([&] { run(command({"relu"}), out, nullptr); },
              testing::ThrowsMessage<Failure>(testing::HasSubstr("line 1: is no JSON")));
  EXPECT_EQ(content(), "no results\n");
}

TEST_F(Resume, of_a_run_whose_minutes_were_over) {
  std::stringstream out;
  Command hurried = command({"normal", "relu"});
  hurried.minutes = 1e-9;
  run(hurried, out, nullptr);
  EXPECT_THAT(out.str(), testing::HasSubstr("2 cases were not measured"));
  EXPECT_THAT(read_results(path_).records, testing::IsEmpty());
  run(command({"normal", "relu"}), out, nullptr);
  EXPECT_EQ(read_results(path_).records.size(), 4U);
}

}  // namespace
}  // namespace topkit::bench
