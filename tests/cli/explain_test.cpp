// topkit explain, info, --help and --version.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "algorithms.hpp"
#include "cli/npy.hpp"
#include "cli/program.hpp"
#include "cli/support.hpp"

namespace topkit::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;

TEST(Explain, SaysThePlanInWords) {
  const test::Run run = test::topkit({"explain", "32x50304", "-k", "50", "--dtype", "bf16", "--smallest"});
  EXPECT_EQ(run.code, 0) << run.err;
  EXPECT_THAT(run.out, HasSubstr("32 rows of 50304, the 50 smallest of each row, on the CPU"));
  EXPECT_THAT(run.out, HasSubstr("bf16, 3.2 MB of input"));
}

TEST(Explain, TheForcedAlgorithmIsThePlan) {
  for (const AlgorithmInfo& row : algorithms()) {
    if (row.device != DeviceKind::cpu) continue;
    const json plan =
        json::parse(test::topkit({"explain", "3x100", "-k", "1", "--algorithm", std::string(row.name), "--json"}).out);
    EXPECT_EQ(plan["algorithm"], row.name);
    EXPECT_EQ(plan["problem"]["cols"], 100);
  }
}

TEST(Explain, AFileIsExplainedAsItsShape) {
  const test::Folder folder;
  const std::string path = folder.write("x.npy", npy_header(DType::u8, Shape{2, 3}) + "abcdef");
  const json by_file = json::parse(test::topkit({"explain", path, "-k", "2", "--json"}).out);
  const json by_shape = json::parse(test::topkit({"explain", "2x3", "--dtype", "u8", "-k", "2", "--json"}).out);
  EXPECT_EQ(by_file, by_shape);
}

TEST(Explain, SaysTheTimeOfTheNearestMeasuredCase) {
  const test::Folder folder;
  const auto line = [](int cols, double us) {
    return R"({"case":"a","dtype":"f32","rows":1,"cols":)" + std::to_string(cols) +
           R"(,"k":50,"order":"value","distribution":"normal","device":"cuda","peer":"topkit","algorithm":"cluster",)"
           R"("verified":true,"machine":"A GPU","hot_us":)" +
           std::to_string(us) + "}\n";
  };
  const std::string file = folder.write("r.jsonl", line(50304, 3.5) + line(262144, 9.25));
  const auto explained = [&](const std::string& shape) {
    return json::parse(
        test::topkit({"explain", shape, "-k", "50", "--device", "sm_90", "--json", "--results", file}).out);
  };
  EXPECT_EQ(explained("1x50304")["measured"]["hot_us"], 3.5);
  EXPECT_EQ(explained("1x50304")["measured"]["same"], true);
  EXPECT_EQ(explained("1x200000")["measured"]["hot_us"], 9.25);
  EXPECT_EQ(explained("1x200000")["measured"]["same"], false);
  const test::Run words = test::topkit({"explain", "1x50304", "-k", "50", "--device", "sm_90", "--results", file});
  EXPECT_THAT(words.out, HasSubstr("3.5 us hot on 'A GPU'"));
  EXPECT_THAT(words.out, HasSubstr("passes     one"));
  EXPECT_FALSE(
      json::parse(test::topkit({"explain", "1x9", "-k", "2", "--json", "--results", file}).out).contains("measured"));
  EXPECT_EQ(test::topkit({"explain", "1x9", "-k", "2", "--results", folder.write("bad", "x\n")}).code, 2);
}

TEST(Info, ListsEveryAlgorithmAndInstructionSet) {
  const json info = json::parse(test::topkit({"info", "--json"}).out);
  EXPECT_EQ(info["version"], tk_version());
  EXPECT_EQ(info["algorithms"].size(), static_cast<std::size_t>(kAlgorithms));
  EXPECT_EQ(info["cpu"]["isas"].size() + info["cpu"]["isas_lacking"].size(), static_cast<std::size_t>(tk_isa_count()));
  const test::Run words = test::topkit({"info"});
  EXPECT_EQ(words.code, 0);
  for (const AlgorithmInfo& row : algorithms()) EXPECT_THAT(words.out, HasSubstr(std::string(row.regime)));
}

TEST(Program, HelpAndVersionSucceed) {
  EXPECT_EQ(test::topkit({"--version"}).out, std::string("topkit ") + tk_version() + "\n");
  EXPECT_THAT(test::topkit({"--help"}).out, HasSubstr("Examples:"));
  for (const char* command : {"topk", "explain", "info"}) {
    const test::Run run = test::topkit({command, "--help"});
    EXPECT_EQ(run.code, 0);
    EXPECT_EQ(run.err, "");
  }
}

}  // namespace
}  // namespace topkit::cli
