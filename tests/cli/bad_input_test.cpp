// Wrong input and usage: exit code 2, a sentence that names the argument, the value and the rule, nothing written.
#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include "cli/npy.hpp"
#include "cli/program.hpp"
#include "cli/support.hpp"

namespace topkit::cli {
namespace {

using test::Folder;
using testing::AllOf;
using testing::HasSubstr;

class BadInput : public testing::Test {
 protected:
  Folder folder_;
  std::string good_ =
      folder_.write("good.npy", npy_header(DType::f32, Shape{2, 3}) + test::raw<float>({1, 2, 3, 4, 5, 6}));

  // Runs with every form of output; the sentence of a run that ended with 2 and wrote nothing.
  std::string refused(const std::vector<std::string>& arguments) {
    const std::size_t before = folder_.files();
    std::string sentence;
    for (const std::vector<std::string>& more :
         std::vector<std::vector<std::string>>{{}, {"--json"}, {"--csv"}, {"-o", folder_.path("out")}}) {
      std::vector<std::string> all = arguments;
      all.insert(all.end(), more.begin(), more.end());
      const test::Run run = test::topkit(all);
      EXPECT_EQ(run.code, 2) << run.err;
      EXPECT_EQ(run.out, "");
      EXPECT_EQ(folder_.files(), before);
      sentence = run.err;
    }
    return sentence;
  }
};

TEST_F(BadInput, KMustBeAWholeNumberBetweenZeroAndTheRow) {
  EXPECT_THAT(refused({"topk", good_, "-k", "-3"}), HasSubstr("k = -3: must not be negative"));
  EXPECT_THAT(refused({"topk", good_, "-k=-3"}), HasSubstr("-3"));
  EXPECT_THAT(refused({"topk", good_, "-k", "4"}), AllOf(HasSubstr("good.npy"), HasSubstr("k = 4: must be in 0..3")));
  EXPECT_THAT(refused({"topk", good_, "-k", "ten"}), HasSubstr("-k = 'ten': must be a whole number"));
  EXPECT_THAT(refused({"topk", good_, "-k", "1.5"}), HasSubstr("-k = '1.5': must be a whole number"));
  EXPECT_THAT(refused({"topk", good_, "-k", "99999999999999999999"}), HasSubstr("is beyond 64 bits"));
  EXPECT_THAT(refused({"topk", good_, "-k", "9223372036854775807"}), HasSubstr("must be in 0..3"));
  EXPECT_THAT(refused({"topk", good_, "-k", ""}), HasSubstr("-k"));
  EXPECT_THAT(refused({"topk", good_}), HasSubstr("-k is required"));
}

TEST_F(BadInput, ACommandThatIsNotKnownIsAnsweredWithTheList) {
  EXPECT_THAT(refused({"top", good_}), HasSubstr("COMMAND = 'top': must be one of topk, sample, logprobs, explain"));
  EXPECT_THAT(refused({""}), HasSubstr("COMMAND = ''"));
}

TEST_F(BadInput, WordsThatAreNotKnownAreAnsweredWithTheList) {
  EXPECT_THAT(refused({"topk", good_, "-k", "1", "--order", "best"}),
              HasSubstr("--order = 'best': must be one of value, index, any"));
  EXPECT_THAT(refused({"topk", good_, "-k", "1", "--nan", "first"}), HasSubstr("--nan = 'first'"));
  EXPECT_THAT(refused({"topk", good_, "-k", "1", "--index-dtype", "i16"}), HasSubstr("must be one of i32, i64"));
  EXPECT_THAT(refused({"topk", good_, "-k", "1", "--device", "tpu"}), HasSubstr("must be one of auto, cpu, cuda"));
  EXPECT_THAT(refused({"topk", good_, "-k", "1", "--algorithm", "magic"}),
              AllOf(HasSubstr("algorithm = magic"), HasSubstr("must be one of argmax")));
  EXPECT_THAT(refused({"topk", good_, "-k", "1", "--isa", "mmx"}), HasSubstr("isa = mmx"));
  EXPECT_THAT(refused({"topk", good_, "-k", "1", "--axis", "2"}), HasSubstr("--axis = 2: must be in -2..1"));
  EXPECT_THAT(refused({"topk", good_, "-k", "1", "--axis", "last"}), HasSubstr("--axis = 'last'"));
  EXPECT_THAT(refused({"topk", good_, "-k", "1", "--threads", "-1"}), HasSubstr("--threads = -1: must be in 0.."));
  EXPECT_THAT(refused({"topk", good_, "-k", "1", "--dtype", "f12"}), HasSubstr("--dtype = 'f12': must be one of f32"));
}

TEST_F(BadInput, AnInstructionSetThatTheMachineLacksIsNamed) {
  for (int i = 0; i < tk_isa_count(); ++i) {
    if (tk_isa_available(i) != 0) continue;
    EXPECT_THAT(refused({"topk", good_, "-k", "1", "--isa", tk_isa_name(i)}), HasSubstr(tk_isa_name(i)));
  }
#if defined(__x86_64__)
  EXPECT_THAT(refused({"topk", good_, "-k", "1", "--isa", "neon"}), HasSubstr("isa = neon"));
#endif
}

TEST_F(BadInput, AnAlgorithmThatCannotIsRefusedWithWhatItNeeds) {
  EXPECT_THAT(refused({"topk", good_, "-k", "2", "--algorithm", "argmax"}),
              HasSubstr("algorithm = argmax: needs k <= 1"));
}

TEST_F(BadInput, UsageThatIsNotKnownIsRefused) {
  EXPECT_EQ(test::topkit({}).code, 2);
  EXPECT_EQ(test::topkit({"sort"}).code, 2);
  EXPECT_EQ(test::topkit({"topk", good_, "-k", "1", "--fast"}).code, 2);
  EXPECT_EQ(test::topkit({"topk", "-k", "1"}).code, 2);
  EXPECT_THAT(test::topkit({"topk", good_, "-k", "1", "--json", "--csv"}).err, HasSubstr("exclude each other"));
}

TEST_F(BadInput, OneWrongFileAmongSeveralStopsAllBeforeAnythingIsWritten) {
  const std::string wrong = folder_.write("wrong.npy", "not an array");
  EXPECT_THAT(refused({"topk", good_, wrong, "-k", "1"}), HasSubstr("wrong.npy"));
  const std::string narrow = folder_.write("narrow.npy", npy_header(DType::f32, Shape{1}) + test::raw<float>({1}));
  EXPECT_THAT(refused({"topk", good_, narrow, "-k", "2"}),
              AllOf(HasSubstr("narrow.npy"), HasSubstr("must be in 0..1")));
}

TEST_F(BadInput, OutputsThatCannotBeWrittenAreRefused) {
  const test::Run run = test::topkit({"topk", good_, "-k", "1", "-o", folder_.path("no/such/folder")});
  EXPECT_EQ(run.code, 2);
  EXPECT_THAT(run.err, HasSubstr("cannot be written: No such file or directory"));
}

TEST_F(BadInput, ExplainRefusesAsTopkDoes) {
  EXPECT_THAT(test::topkit({"explain", "3x4", "-k", "5"}).err, HasSubstr("k = 5: must be in 0..4"));
  EXPECT_EQ(test::topkit({"explain", "3x", "-k", "1"}).code, 2);
  EXPECT_EQ(test::topkit({"explain", "99999999999x99999999999", "-k", "1"}).code, 2);
  EXPECT_EQ(test::topkit({"explain", "missing.npy", "-k", "1"}).code, 2);
  EXPECT_THAT(test::topkit({"explain", "3x4", "-k", "1", "--device", "sm_1"}).err, HasSubstr("--device = 'sm_1'"));
}

}  // namespace
}  // namespace topkit::cli
