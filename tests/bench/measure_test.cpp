#include <gtest/gtest.h>

#include <algorithm>
#include <cmath>
#include <nlohmann/json.hpp>
#include <set>
#include <sstream>

#include "command.hpp"
#include "distributions.hpp"
#include "floor.hpp"
#include "peers/peer.hpp"
#include "report.hpp"
#include "statistics.hpp"
#include "status.hpp"
#include "timer.hpp"
#include "verify.hpp"

namespace topkit::bench {
namespace {

TEST(Statistics, the_median_and_its_deviation_ignore_a_disturbed_round) {
  EXPECT_EQ(median({}), 0);
  EXPECT_EQ(median({3, 1, 2}), 2);
  EXPECT_EQ(median({4, 1, 2, 3}), 2.5);
  EXPECT_EQ(median_absolute_deviation({1, 2, 3, 1000}), 1);
}

TEST(Cases, have_names_of_their_own_and_sizes_that_can_be_selected_from) {
  std::set<std::string> names;
  for (const Case& c : built_in_cases()) {
    names.insert(c.name);
    EXPECT_EQ(c.name, default_name(c));
    EXPECT_GE(c.rows, 1);
    EXPECT_GE(c.k, 1);
    EXPECT_LE(c.k, c.cols);
    EXPECT_EQ(c.target_hot_us.has_value(), c.target_cold_us.has_value()) << c.name;
  }
  EXPECT_EQ(names.size(), built_in_cases().size());
}

// What people serve: these vocabularies, by these batches at least, on either device.
TEST(Cases, of_language_models_have_real_vocabularies) {
  for (const DeviceKind device : {DeviceKind::cpu, DeviceKind::cuda})
    for (const DType dtype : {DType::f32, DType::bf16})
      for (const std::int64_t vocabulary : {32000, 32768, 50257, 50304, 128256, 151936, 201088, 262144})
        for (const std::int64_t batch : {1, 32})
          EXPECT_TRUE(std::any_of(built_in_cases().begin(), built_in_cases().end(),
                                  [&](const Case& c) {
                                    return c.suite == "llm" && c.device == device && c.dtype == dtype &&
                                           c.cols == vocabulary && c.rows == batch;
                                  }))
              << batch << " x " << vocabulary;
}

TEST(Floor, is_the_maximum_of_every_32_bit_word) {
  for (const std::int64_t words : {1, 3, 16, 17, 127, 128, 129, 1000}) {
    for (const std::int64_t place : {std::int64_t{0}, words / 2, words - 1}) {
      std::vector<std::int32_t> rows(static_cast<std::size_t>(2 * words), -5);
      rows[static_cast<std::size_t>(words + place)] = 77;
      EXPECT_EQ(stream_max(rows.data(), 2, words * 4), 77) << words << " " << place;
      EXPECT_EQ(stream_max(rows.data(), 1, words * 4), -5) << words << " " << place;
    }
  }
}

struct Row {
  Case c{.rows = 3, .cols = 500, .k = 7};
  std::vector<float> x = std::vector<float>(1500);
  std::vector<float> values = std::vector<float>(21);
  std::vector<std::int64_t> indices = std::vector<std::int64_t>(21);

  explicit Row(std::string_view distribution) {
    for (std::int64_t r = 0; r < 3; ++r)
      fill_row(*find_distribution(distribution), DType::f32, 3, r, 500, x.data() + r * 500);
  }
};

TEST(Verification, accepts_every_peer_and_refuses_any_other_answer) {
  for (const std::string_view distribution : {"normal", "few_distinct", "nan_hotspots", "signed_zeros"}) {
    Row row(distribution);
    const std::vector<std::int64_t> expected = expected_columns(row.c, row.x.data());
    for (const Peer* peer : peers_of(row.c)) {
      peer->run(row.c, row.x.data(), row.values.data(), row.indices.data());
      EXPECT_TRUE(same_winners(row.c, row.x.data(), expected, row.values.data(), row.indices.data())) << peer->name;
      std::swap(row.indices[8], row.indices[9]);
      std::swap(row.values[8], row.values[9]);
      EXPECT_FALSE(same_winners(row.c, row.x.data(), expected, row.values.data(), row.indices.data())) << peer->name;
      Case any = row.c;
      any.order = Order::any;
      EXPECT_TRUE(same_winners(any, row.x.data(), expected, row.values.data(), row.indices.data())) << peer->name;
      row.indices[9] = row.indices[8];
      EXPECT_FALSE(same_winners(any, row.x.data(), expected, row.values.data(), row.indices.data())) << peer->name;
    }
  }
}

// A floor of 1 us, a contender of 2 us, and one whose samples are all disturbed.
class BusyStage : public Stage {
 public:
  explicit BusyStage(bool floor_too) : floor_too_(floor_too) {}
  const std::vector<Contender>& contenders() const override { return contenders_; }
  const std::vector<Refusal>& refusals() const override { return refusals_; }
  std::string complaint(std::size_t) override { return ""; }
  std::optional<double> sample_us(std::size_t contender, Heat) override {
    if (contender == 2 || (contender == 0 && floor_too_)) return std::nullopt;
    return static_cast<double>(contender + 1);
  }

 private:
  bool floor_too_;
  std::vector<Contender> contenders_{{.peer = "floor"}, {.peer = "topkit"}, {.peer = "slow"}};
  std::vector<Refusal> refusals_;
};
struct BusyBackend : Backend {
  explicit BusyBackend(bool floor) : floor_too(floor) {}
  bool floor_too;
  Facts facts_;
  DeviceKind device() const override { return DeviceKind::cpu; }
  const Facts& facts() const override { return facts_; }
  std::unique_ptr<Stage> stage(const Case&, const Choice&) override { return std::make_unique<BusyStage>(floor_too); }
};

TEST(Measure, has_no_time_where_every_sample_was_disturbed) {
  BusyBackend backend(false);
  const Measured measured = measure({.cols = 9, .k = 1}, backend, {});
  ASSERT_EQ(measured.results.size(), 2U);
  EXPECT_EQ(measured.results[1].hot_us, 2);
  ASSERT_EQ(measured.refusals.size(), 1U);
  EXPECT_EQ(measured.refusals[0].who.peer, "slow");
  EXPECT_EQ(measured.refusals[0].why, "every sample was disturbed: the machine is busy with something else");
  BusyBackend without_floor(true);
  EXPECT_TRUE(measure({.cols = 9, .k = 1}, without_floor, {}).results.empty());
}

TEST(Command, measures_a_case_and_writes_one_json_object_for_each_contender) {
  Command command{.rows = 4,
                  .cols = 300,
                  .k = 5,
                  .distributions = {"normal", "all_equal"},
                  .format = Format::json,
                  .commit = "abc"};
  command.choice.rounds = 1;
  std::stringstream out;
  run(command, out, nullptr);
  std::vector<std::string> peers;
  for (std::string line; std::getline(out, line);) {
    const auto json = nlohmann::json::parse(line);
    if (json.contains("header")) {
      EXPECT_EQ(json["commit"], "abc");
      if (const int anywhere = 0; evict(&anywhere, sizeof anywhere)) {
        EXPECT_GT(json["roof_gbps"], 0);
      }
      EXPECT_TRUE(peers.empty());
      continue;
    }
    for (const char* key : {"op", "dtype", "rows", "cols", "k", "order", "distribution", "device", "algorithm", "peer",
                            "hot_us", "cold_us", "mad_us", "floor_us", "verified", "machine", "date", "commit"})
      EXPECT_TRUE(json.contains(key)) << key;
    EXPECT_EQ(json["verified"], true);
    peers.push_back(json["peer"]);
  }
  EXPECT_EQ(peers.size(), 8U);
  EXPECT_EQ(peers[1], "topkit");
}

TEST(Command, names_the_argument_that_is_wrong) {
  const auto complaint = [](const Command& command) -> std::string {
    std::stringstream out;
    try {
      run(command, out, nullptr);
    } catch (const Failure& failure) {
      return failure.what();
    }
    return "";
  };
  EXPECT_EQ(complaint({.names = {"cpu-none"}}), "--case cpu-none: no such case; --list names them");
  EXPECT_EQ(complaint({.cols = 4, .k = 5}), "-k 5: must be in 1..4, the columns");
  EXPECT_EQ(complaint({.cols = 4}), "a case of its own size needs --cols and -k");
  EXPECT_EQ(complaint({.cols = 4, .k = 1, .dtype = "f33"}), "--dtype f33: no such type");
  EXPECT_EQ(complaint({.cols = 4, .k = 1, .device = "tpu"}), "--device tpu: must be cpu or cuda");
  EXPECT_EQ(complaint({.suite = "l1m"}), "--suite l1m: must be llm, small, attention, search or all");
  EXPECT_EQ(complaint({.names = {"cuda-f32-1x50304-50"}}), "--case cuda-f32-1x50304-50: is a case of cuda, not of cpu");
  EXPECT_EQ(complaint({.cols = 4, .k = 1, .index_type = "i16"}), "--index-type i16: must be i32 or i64");
  Command forced{.cols = 4, .k = 1};
  forced.choice.algorithm = "radix";
  EXPECT_EQ(complaint(forced), "--algorithm radix: must be all or one of argmax maxima blocked sampled split");
  EXPECT_EQ(complaint({.distributions = {"odd"}}).substr(0, 25), "--distribution odd: must ");
}

}  // namespace
}  // namespace topkit::bench
