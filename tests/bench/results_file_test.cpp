#include "results_file.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <filesystem>
#include <fstream>

#include "status.hpp"

namespace topkit::bench {
namespace {

constexpr const char* kHeader = R"({"header":"topkit bench","device":"cpu","machine":"m","commit":"c"})";
constexpr const char* kLine =
    R"({"case":"a","op":"topk","dtype":"f32","rows":1,"cols":9,"k":2,"order":"value","distribution":"normal",)"
    R"("device":"cpu","peer":"topkit","algorithm":"maxima","hot_us":1.5,"cold_us":null,"verified":true})";

class ResultsFiles : public testing::Test {
 protected:
  void SetUp() override { path_ = testing::TempDir() + "/results_file_test.json"; }
  void TearDown() override { std::filesystem::remove(path_); }
  std::string written(const std::string& text) {
    std::ofstream(path_) << text;
    return path_;
  }
  std::string complaint(const std::string& text) {
    try {
      read_results(written(text));
    } catch (const Failure& failure) {
      const std::string words = failure.what();
      return words.substr(words.find(".json") + 5);
    }
    return "";
  }

  std::string path_;
};

TEST_F(ResultsFiles, are_lines_or_an_array_of_lines) {
  const std::string refused = R"({"refused":"why","case":"a"})";
  for (const std::string& text : {std::string(kHeader) + "\n" + kLine + "\n" + refused + "\n" + kLine + "\n",
                                  std::string("[\n") + kHeader + ",\n" + kLine + ",\n" + kLine + "\n]\n"}) {
    const ResultsFile file = read_results(written(text));
    EXPECT_EQ(file.header["commit"], "c");
    ASSERT_EQ(file.records.size(), 2U);
    EXPECT_EQ(file.records[0].key(), file.records[1].key());
    EXPECT_EQ(file.cut_off, "");
    EXPECT_EQ(file.whole_bytes, static_cast<std::int64_t>(text.size()));
  }
}

TEST_F(ResultsFiles, without_their_end_give_what_is_whole) {
  const std::string whole = std::string(kHeader) + "\n" + kLine + "\n";
  const ResultsFile file = read_results(written(whole + std::string(kLine).substr(0, 40)));
  EXPECT_EQ(file.records.size(), 1U);
  EXPECT_EQ(file.cut_off, std::string(kLine).substr(0, 40));
  EXPECT_EQ(file.whole_bytes, static_cast<std::int64_t>(whole.size()));
}

TEST_F(ResultsFiles, that_are_broken_are_named_with_line_and_field) {
  const std::string line = kLine;
  const auto without = [&](const std::string& from, const std::string& to) {
    std::string text = line;
    return text.replace(text.find(from), from.size(), to) + "\n";
  };
  EXPECT_EQ(complaint(""), ": holds no results of topkit bench");
  EXPECT_EQ(complaint("hello\n"), " line 1: is no JSON, from column 1 on; one object a line is");
  EXPECT_EQ(complaint(line + "\n\n17\n"), " line 3: is no JSON object");
  EXPECT_EQ(complaint(line + "\n" + without("\"peer\"", "\"pear\"")), " line 2: field peer is missing or no text");
  EXPECT_EQ(complaint(without("1.5", "\"1.5\"")), " line 1: field hot_us is missing or no number");
  EXPECT_EQ(complaint(without("null", "\"cold\"")), " line 1: field cold_us is neither a number nor null");
  EXPECT_EQ(complaint(without("true", "1")), " line 1: field verified is missing or neither true nor false");
  EXPECT_THAT([] { read_results("/nowhere/x.json"); },
              testing::ThrowsMessage<Failure>("/nowhere/x.json: cannot be read"));
}

}  // namespace
}  // namespace topkit::bench
