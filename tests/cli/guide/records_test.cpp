#include "cli/guide/records.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/guide/support.hpp"
#include "cli/support.hpp"

namespace topkit::cli::guide {
namespace {

using test::at;
using test::header;
using test::line;
using test::lines;
using testing::ElementsAre;
using testing::HasSubstr;

std::vector<Machine> machines(const std::vector<std::string>& texts) {
  const cli::test::Folder folder;
  std::vector<bench::ResultsFile> files;
  for (const std::string& text : texts)
    files.push_back(bench::read_whole_results(folder.write(std::to_string(files.size()) + ".jsonl", text)));
  return machines_of(files);
}

TEST(GuideRecords, put_peers_beside_the_topkit_of_their_run) {
  auto joined = line("torch 2.11.0", 60);
  joined["topkit_us"] = 4, joined["floor_us"] = nullptr;
  const auto found = machines({lines({header(), line("floor", 1.5), line("topkit", 5), line("cub topk", 15), joined})});
  ASSERT_EQ(found.size(), 1U);
  ASSERT_EQ(found[0].rows.size(), 1U);
  const Row& row = found[0].rows[0];
  EXPECT_EQ(row.hot_us, 5);
  EXPECT_EQ(row.floor_us, 1.5);
  EXPECT_TRUE(row.built_in);
  EXPECT_DOUBLE_EQ(row.rival("cub")->hot, 3);
  EXPECT_DOUBLE_EQ(row.rival("torch")->hot, 15);
  EXPECT_EQ(row.rival("torch")->hot_us, 60);
  EXPECT_EQ(row.best(), row.rival("cub"));
  EXPECT_EQ(row.rival("jax"), nullptr);
}

TEST(GuideRecords, of_earlier_commits_in_a_file_are_named) {
  auto earlier = at(line("topkit", 9), 1, 32000, 40), earliest = at(line("topkit", 8), 1, 32768, 50);
  earlier["commit"] = "def5678", earliest["commit"] = "9876543";
  auto own = line("topkit", 5);
  own["commit"] = "abc1234";
  EXPECT_EQ(machines({lines({header(), own})})[0].origins[0].commit, "abc1234");
  EXPECT_EQ(machines({lines({header(), own, earlier, earliest})})[0].origins[0].commit,
            "abc1234, some lines def5678 and 9876543");
}

TEST(GuideRecords, of_python_stand_beside_its_own_topkit_and_not_the_other_files) {
  auto ours = line("topkit", 10), forced = line("topkit", 2), theirs = line("torch 2", 40);
  for (auto* each : {&ours, &forced, &theirs})
    (*each)["floor_us"] = nullptr, each->erase("launches"), (*each)["threads"] = 0;
  ours["algorithm"] = "";
  const std::string python = lines({ours, forced, theirs}),
                    native = lines({header(), line("floor", 1.5), line("topkit", 5)});
  for (const auto& files : {std::vector{python, native}, std::vector{native, python}}) {
    const auto found = machines(files);
    ASSERT_EQ(found.size(), 1U);
    ASSERT_EQ(found[0].rows.size(), 1U);
    EXPECT_EQ(found[0].rows[0].hot_us, 5);  // the file that knows the floor
    EXPECT_DOUBLE_EQ(found[0].rows[0].rival("torch")->hot, 4);
    EXPECT_EQ(found[0].origins.size(), 2U);
  }
}

TEST(GuideRecords, that_were_forced_or_wrong_are_not_used) {
  auto forced = line("topkit", 1), wrong = line("cub topk", 1);
  forced["forced"] = true, wrong["verified"] = false;
  const auto found = machines({lines({header(), line("topkit", 5), forced, wrong})});
  EXPECT_EQ(found[0].rows[0].hot_us, 5);
  EXPECT_TRUE(found[0].rows[0].rivals.empty());
  EXPECT_THAT(found[0].origins[0].inexact, ElementsAre("cub topk in cuda-f32-1x50304-50"));
  EXPECT_EQ(found[0].origins[0].results, 3);
}

TEST(GuideRecords, are_kept_apart_by_machine_gpus_first) {
  auto cpu = line("topkit", 7);
  cpu["device"] = "cpu", cpu["machine"] = "AMD EPYC, 2 cores, L2 1 MiB, L3 32 MiB, avx512";
  const auto found = machines({lines({cpu}), lines({header(), line("topkit", 5)})});
  ASSERT_EQ(found.size(), 2U);
  EXPECT_EQ(found[0].model, "NVIDIA H100 80GB HBM3");
  EXPECT_EQ(found[0].device.capability, 90);
  EXPECT_EQ(found[1].model, "AMD EPYC");
  EXPECT_TRUE(found[1].device.has(Isa::avx512));
}

TEST(GuideRecords, tell_what_device_to_plan_for) {
  auto known = header();
  known["gpu"] = "NVIDIA Later", known["machine"] = "NVIDIA Later, driver 9";
  EXPECT_FALSE(machines({lines({known, line("topkit", 5)})})[0].device_known);
  known["capability"] = 120, known["sms"] = 170, known["shared_bytes"] = 99 << 10;
  const Machine machine = machines({lines({known, line("topkit", 5)})})[0];
  EXPECT_TRUE(machine.device_known);
  EXPECT_EQ(machine.device.sms, 170);
}

TEST(GuideRecords, without_topkit_or_of_two_devices_are_refused) {
  EXPECT_THAT(cli::test::failure([] {
                machines({lines({header(), line("floor", 1)})});
              }),
              HasSubstr("no exact result of topkit"));
  auto cpu = line("topkit", 7);
  cpu["device"] = "cpu";
  EXPECT_THAT(cli::test::failure([&] {
                machines({lines({header(), line("topkit", 5), cpu})});
              }),
              HasSubstr("line 3: field device is cpu, and was cuda before"));
}

}  // namespace
}  // namespace topkit::cli::guide
