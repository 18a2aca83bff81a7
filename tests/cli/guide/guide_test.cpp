// topkit guide: from files of results to two files that say the same.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>

#include "cli/guide/support.hpp"
#include "cli/program.hpp"
#include "cli/support.hpp"

namespace topkit::cli {
namespace {

using guide::test::at;
using guide::test::header;
using guide::test::line;
using guide::test::lines;
using testing::HasSubstr;
using testing::Not;

std::string results(double us) {
  return lines({header(), line("floor", 1.5), line("topkit", us), line("torch 2.11.0", 50),
                at(line("floor", 1), 64, 8192, 2048), at(line("topkit", 20), 64, 8192, 2048),
                at(line("torch 2.11.0", 10), 64, 8192, 2048)});
}

std::string content(const std::string& path) {
  std::ifstream file(path, std::ios::binary);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Guide, WritesAPageAndItsTwinFromTheNumbersOfTheFiles) {
  const test::Folder folder;
  const test::Run run = test::topkit({"guide", "-o", folder.path("made"), folder.write("h.jsonl", results(5))});
  EXPECT_EQ(run.code, 0) << run.err;
  const std::string html = folder.read("made/index.html"), markdown = folder.read("made/guide.md");
  for (const std::string& text : {html, markdown}) {
    EXPECT_THAT(text, HasSubstr("10x"));    // torch at 50 us
    EXPECT_THAT(text, HasSubstr("0.50x"));  // and where topkit loses
    EXPECT_THAT(text, HasSubstr("commit abc1234"));
    EXPECT_THAT(text, HasSubstr("Decision tree"));
  }
  EXPECT_THAT(markdown, HasSubstr("| 1 x 50304, k = 50 | f32 | 5.0 / 6.0 | 10x | 10x torch 2.11.0 |"));
  EXPECT_THAT(html, HasSubstr("<svg viewBox"));
  EXPECT_THAT(html, HasSubstr("prefers-color-scheme: dark"));
  EXPECT_THAT(html, Not(HasSubstr("src=")));  // needs no other file
  const std::string map = markdown.substr(markdown.find("losses first"));
  EXPECT_LT(map.find("64 x 8192"), map.find("1 x 50304"));
}

TEST(Guide, IsTheSameForTheSameFilesAndChangesWithAResult) {
  const test::Folder folder;
  const auto made = [&](double us, const std::string& name) {
    EXPECT_EQ(test::topkit({"guide", "-o", folder.path(name), folder.write("h.jsonl", results(us))}).code, 0);
    return folder.read(name + "/index.html") + folder.read(name + "/guide.md");
  };
  const std::string first = made(5, "a");
  EXPECT_EQ(first, made(5, "b"));
  EXPECT_NE(first, made(4, "c"));
}

TEST(Guide, TellsOfHowManyRoundsTheMediansAre) {
  const test::Folder folder;
  const auto method = [&](std::vector<int> rounds) {
    std::vector<guide::test::Json> all{header()};
    for (std::size_t i = 0; i < rounds.size(); ++i) {
      all.push_back(at(line("topkit", 5), static_cast<int>(i) + 1, 50304, 50));
      all.back()["rounds"] = rounds[i];
    }
    if (rounds.empty()) all.push_back(line("topkit", 5));
    EXPECT_EQ(test::topkit({"guide", "-o", folder.path("made"), folder.write("h.jsonl", lines(all))}).code, 0);
    const std::string markdown = folder.read("made/guide.md");
    return markdown.substr(markdown.find("How it was measured"));
  };
  EXPECT_THAT(method({3, 3}), HasSubstr("| 2 | 3 | 0 |"));
  EXPECT_THAT(method({9, 3, 5}), HasSubstr("| 3 | 3 to 9 | 0 |"));
  EXPECT_THAT(method({}), HasSubstr("| 1 | not recorded | 0 |"));
}

TEST(Guide, NamesWhatIsWrongWithAFileAndWritesNothing) {
  const test::Folder folder;
  const auto complaint = [&](const std::string& text) {
    const test::Run run = test::topkit({"guide", "-o", folder.path("made"), folder.write("bad.jsonl", text)});
    EXPECT_EQ(run.code, 2) << run.err;
    EXPECT_FALSE(folder.has("made"));
    return run.err.substr(run.err.find("bad.jsonl") + 9);
  };
  const std::string good = results(5);
  EXPECT_EQ(complaint(""), ": holds no results of topkit bench\n");
  EXPECT_EQ(complaint("name,us\na,3\n"), " line 1: is no JSON, from column 2 on; one object a line is\n");
  EXPECT_THAT(complaint(good.substr(0, good.size() - 20)), HasSubstr(" line 7: is cut off"));
  EXPECT_THAT(complaint("[\n" + line("topkit", 5).dump() + ",\n"), HasSubstr(" line 2: the array's ] is missing"));
  EXPECT_EQ(complaint("{\"name\": \"x\"}\n"), " line 1: field case is missing or no text\n");
  const auto changed = [&](const char* field, const guide::test::Json& value) {
    auto broken = line("topkit", 5);
    broken[field] = value;
    return complaint(lines({header(), line("floor", 1), broken}));
  };
  EXPECT_EQ(changed("hot_us", "fast"), " line 3: field hot_us is missing or no number\n");
  EXPECT_EQ(changed("hot_us", -1.0), " line 3: field hot_us is negative or not finite\n");
  EXPECT_EQ(changed("hot_us", 0), " line 3: field hot_us is not above 0\n");
  EXPECT_EQ(changed("k", 60000), " line 3: field k is not in 1..50304, the columns\n");
  EXPECT_EQ(changed("cols", 1.5), " line 3: field cols is missing or no whole number\n");
  EXPECT_EQ(changed("dtype", "float"), " line 3: field dtype is no type of topkit\n");
  EXPECT_EQ(changed("device", "tpu"), " line 3: field device is neither cpu nor cuda\n");
}

TEST(Guide, OfThisRepositoryIsUpToDate) {
  const test::Folder folder;
  const std::string source = TOPKIT_SOURCE_DIR;
  std::vector<std::string> command{"guide", "-o", folder.path("made"), "--docs", "."};
  std::vector<std::string> found;
  for (const auto& entry : std::filesystem::directory_iterator(source + "/bench/results"))
    if (entry.path().extension() == ".json") found.push_back(entry.path().string());
  std::sort(found.begin(), found.end());
  command.insert(command.end(), found.begin(), found.end());
  const test::Run run = test::topkit(command);
  ASSERT_EQ(run.code, 0) << run.err;
  for (const char* name : {"index.html", "guide.md"})
    EXPECT_TRUE(folder.read(std::string("made/") + name) == content(source + "/docs/" + name))
        << "docs/" << name << " is not what bench/results give: run ./dev docs";
}

}  // namespace
}  // namespace topkit::cli
