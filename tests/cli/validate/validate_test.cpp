// topkit validate: its table, its JSON and its exit codes.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <nlohmann/json.hpp>
#include <sstream>

#include "cli/program.hpp"

namespace topkit::cli {
namespace {

using testing::HasSubstr;

TEST(Validate, PrintsOneLineForEachAlgorithmAndSaysSoInJson) {
  const test::Run table = test::topkit({"validate", "--device", "cpu", "--share", "0.002"});
  EXPECT_EQ(table.code, 0) << table.err;
  for (const char* name :
       {"the plan's choice", "argmax/scalar", "maxima/scalar", "blocked/scalar", "sampled/scalar", "split/scalar"})
    EXPECT_THAT(table.out, HasSubstr(name));
  const test::Run json = test::topkit({"validate", "--device", "cpu", "--share", "0.002", "--json"});
  std::istringstream lines(json.out);
  for (std::string text; std::getline(lines, text);) {
    const auto line = nlohmann::json::parse(text);
    EXPECT_EQ(line["wrong"], 0) << text;
    EXPECT_GT(line["exact"].get<int>() + line["declined"].get<int>(), 0) << text;
  }
}

TEST(Validate, RefusesWhatIsNotThere) {
  EXPECT_EQ(test::topkit({"validate", "--device", "tpu"}).code, 2);
  EXPECT_EQ(test::topkit({"validate", "--share", "2"}).code, 2);
  const test::Run cuda = test::topkit({"validate", "--device", "cuda", "--share", "0.001"});
  if (cuda.code != 0) {
    EXPECT_EQ(cuda.code, 2);
    EXPECT_THAT(cuda.err, HasSubstr("CUDA"));
  }
}

}  // namespace
}  // namespace topkit::cli
