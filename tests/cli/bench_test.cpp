// topkit bench: its options, its formats and its exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.hpp"
#include "cli/support.hpp"

namespace topkit::cli {
namespace {

using nlohmann::json;
using testing::HasSubstr;
using testing::StartsWith;

const std::vector<std::string> kSmall{"bench", "--rows", "2",        "--cols", "200",
                                      "-k",    "3",      "--rounds", "1",      "--no-peers"};

test::Run with(std::vector<std::string> arguments, const std::vector<std::string>& more) {
  arguments.insert(arguments.end(), more.begin(), more.end());
  return test::topkit(arguments);
}

TEST(Bench, JsonIsAHeaderAndThenALineForEachWhoWasTimed) {
  const test::Run run = with(kSmall, {"--json", "--commit", "abc"});
  EXPECT_EQ(run.code, 0) << run.err;
  std::istringstream lines(run.out);
  std::string header, floor, own;
  std::getline(lines, header), std::getline(lines, floor), std::getline(lines, own);
  EXPECT_EQ(json::parse(header)["header"], "topkit bench");
  EXPECT_EQ(json::parse(header)["commit"], "abc");
  EXPECT_EQ(json::parse(floor)["peer"], "floor");
  EXPECT_EQ(json::parse(own)["peer"], "topkit");
}

TEST(Bench, CsvHasAHeadAndOneFormatIsEnough) {
  const test::Run run = with(kSmall, {"--csv"});
  EXPECT_THAT(run.out, StartsWith("case,op,dtype,rows,cols,k,order,distribution,device,peer,algorithm,hot_us,"));
  EXPECT_THAT(run.out, HasSubstr("\ncpu-f32-2x200-3,topk,f32,2,200,3,value,normal,cpu,topkit,"));
  EXPECT_EQ(with(kSmall, {"--csv", "--json"}).code, 2);
}

TEST(Bench, AllAlgorithmsAreTimedBesideThePlansChoice) {
  const test::Run run = with(kSmall, {"--algorithm", "all"});
  EXPECT_EQ(run.code, 0) << run.err;
  for (const char* algorithm :
       {" maxima/", " blocked/", " sampled/", " split/", "argmax: algorithm = argmax: needs k <= 1"})
    EXPECT_THAT(run.out, HasSubstr(algorithm));
  EXPECT_THAT(run.out, HasSubstr("fastest hot: "));
}

TEST(Bench, CompareTellsByItsExitCode) {
  const test::Folder folder;
  const auto line = [](double us) {
    return R"({"case":"a","dtype":"f32","rows":1,"cols":9,"k":2,"order":"value","distribution":"normal","device":"cpu",)"
           R"("peer":"topkit","algorithm":"maxima","mad_us":0,"verified":true,"hot_us":)" +
           std::to_string(us) + "}\n";
  };
  const std::string before = folder.write("before.jsonl", line(10)), same = folder.write("same.jsonl", line(10.2)),
                    slower = folder.write("slower.jsonl", line(11));
  EXPECT_EQ(test::topkit({"bench", "--compare", before, same}).code, 0);
  const test::Run run = test::topkit({"bench", "--compare", before, slower});
  EXPECT_EQ(run.code, 1);
  EXPECT_THAT(run.out, HasSubstr("SLOWER"));
  EXPECT_THAT(run.err, HasSubstr("topkit is slower"));
  EXPECT_EQ(test::topkit({"bench", "--compare", before, slower, "--tolerance", "0.2"}).code, 0);
  EXPECT_EQ(test::topkit({"bench", "--compare", before, folder.write("odd.jsonl", "odd\n")}).code, 2);
  EXPECT_EQ(test::topkit({"bench", "--compare", before}).code, 2);
}

TEST(Bench, WhatIsMissingIsNamed) {
  const test::Run suite = test::topkit({"bench", "--suite", "odd"});
  EXPECT_EQ(suite.code, 2);
  EXPECT_THAT(suite.err, HasSubstr("--suite odd: must be llm, small, attention, search or all"));
  const test::Run cuda = with(kSmall, {"--device", "cuda"});
  if (cuda.code != 0) {
    EXPECT_THAT(cuda.err, HasSubstr("--device cuda: "));
  }
}

}  // namespace
}  // namespace topkit::cli
