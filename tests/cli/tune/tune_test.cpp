// topkit tune: the table it writes, what uses it, what it refuses.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>

#include "cli/program.hpp"
#include "cli/support.hpp"
#include "cli/tune/cells.hpp"
#include "device.hpp"
#include "tuning_table.hpp"

namespace topkit::cli {
namespace {

using testing::HasSubstr;

std::string table(const std::string& machine) {
  TuningTable made{
      .device = DeviceKind::cpu, .machine = machine, .date = "2026-01-02", .commit = "abc", .cpu = {}, .cuda = {}};
  for (const CpuTuning& row : built_in_tuning().cpu) {
    made.cpu.push_back(row);
    made.cpu.back().maxima_bytes = 0;  // so that maxima is nobody's choice
  }
  return to_json(made);
}

TEST(Tune, MeasuresALittleAndGoesOnWithIt) {
  const test::Folder folder;
  const std::string path = folder.path("t.json");
  const test::Run first = test::topkit({"tune", "--minutes", "0.00001", "-o", path});
  EXPECT_EQ(first.code, 1);
  EXPECT_THAT(first.err, HasSubstr("are needed: --resume goes on"));
  EXPECT_FALSE(folder.has("t.json"));
  EXPECT_THAT(test::topkit({"tune", "-o", path}).err, HasSubstr("holds cells that were measured before"));
  EXPECT_THAT(test::topkit({"tune", "-o", path, "--resume", "--commit", "other"}).err,
              HasSubstr("are of another origin"));
  const std::string cells = folder.read("t.json.cells");
  folder.write("t.json.cells", cells + "{\"dtype\": \"f32\", \"ro");  // killed while it wrote
  test::Run second;
  int tries = 0;  // a slow machine goes on once more
  do second = test::topkit({"tune", "--minutes", "0.03", "-o", path, "--resume"});
  while (second.code == 1 && ++tries < 40);
  ASSERT_EQ(second.code, 0) << second.err;
  EXPECT_THAT(second.out, HasSubstr("of the best algorithm in the geometric mean over"));
  EXPECT_EQ(parse_tuning(folder.read("t.json"), "t").machine, cpu_device().name);
  EXPECT_THAT(folder.read("t.inc"), HasSubstr(".isa = Isa::"));
  EXPECT_EQ(test::topkit({"explain", "1x5000", "-k", "5", "--tuning", path}).code, 0);
}

TEST(Tune, ATableIsUsedByExplainTopkAndBench) {
  const test::Folder folder;
  const std::string path = folder.write("t.json", table(cpu_device().name));
  const auto algorithm = [](const test::Run& run) { return nlohmann::json::parse(run.out)["algorithm"]; };
  const test::Run plain = test::topkit({"explain", "1x512", "-k", "5", "--json"}),
                  tuned = test::topkit({"explain", "1x512", "-k", "5", "--json", "--tuning", path});
  EXPECT_EQ(algorithm(plain), "maxima");
  EXPECT_NE(algorithm(tuned), "maxima");
  ::setenv("TOPKIT_TUNING", path.c_str(), 1);
  const test::Run environment = test::topkit({"explain", "1x512", "-k", "5", "--json"});
  const test::Run bench = test::topkit({"bench", "--cols", "512", "-k", "5", "--rounds", "1", "--no-peers"});
  ::unsetenv("TOPKIT_TUNING");
  EXPECT_EQ(algorithm(environment), algorithm(tuned));
  EXPECT_THAT(bench.out, testing::Not(HasSubstr("maxima")));
  const std::string data = folder.write("x.raw", std::string(2048, 'a') + "zyx");
  const auto winners = [&](const std::vector<std::string>& more) {
    std::vector<std::string> command{"topk", data, "--dtype", "u8", "--shape", "2051", "-k", "7", "--json"};
    command.insert(command.end(), more.begin(), more.end());
    return nlohmann::json::parse(test::topkit(command).out);
  };
  EXPECT_EQ(winners({})["indices"], winners({"--tuning", path})["indices"]);
  EXPECT_NE(winners({})["algorithm"], winners({"--tuning", path})["algorithm"]);
}

TEST(Tune, OfAnotherDeviceOrBrokenIsRefusedWithASentence) {
  const test::Folder folder;
  const auto complaint = [&](const std::string& text) {
    const test::Run run = test::topkit({"explain", "1x512", "-k", "5", "--tuning", folder.write("t.json", text)});
    EXPECT_EQ(run.code, 2);
    return run.err;
  };
  EXPECT_THAT(complaint(table("Another CPU")), HasSubstr("was measured on Another CPU (cpu), this is "));
  EXPECT_THAT(complaint(""), HasSubstr("line 1: is cut off: { is missing"));
  const std::string good = table(cpu_device().name);
  EXPECT_THAT(complaint(good.substr(0, good.size() / 2)), HasSubstr("is cut off"));
  EXPECT_THAT(test::topkit({"explain", "1x512", "-k", "5", "--tuning", folder.path("none")}).err,
              HasSubstr("none': cannot be read"));
  const std::string mine = folder.write("t.json", good);
  EXPECT_THAT(test::topkit({"explain", "1x512", "-k", "5", "--tuning", mine, "--device", "sm_90"}).err,
              HasSubstr("this is NVIDIA H200"));
  EXPECT_EQ(test::topkit({"tune", "--device", "tpu"}).code, 2);
  EXPECT_EQ(test::topkit({"tune", "--isa", "mmx"}).code, 2);
}

}  // namespace
}  // namespace topkit::cli
