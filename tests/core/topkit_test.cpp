// The C interface as a program in C sees it: one header, named statuses, lists, an error for every thread.
#include "topkit/topkit.h"

#include <dlfcn.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <cstdio>
#include <set>
#include <string>
#include <thread>
#include <vector>

#include "call.hpp"

extern "C" int topkit_c11_answer(void);

namespace topkit::test {
namespace {

TEST(Topkit, WorksFromC11) { EXPECT_EQ(topkit_c11_answer(), 0); }

TEST(Topkit, LeavesNoErrorBehindASuccess) {
  SmallCall call;
  call.k = -1;
  EXPECT_EQ(call.make(), TK_INVALID_ARGUMENT);
  EXPECT_STREQ(tk_last_error(), "k = -1: must not be negative");
  call.k = 1;
  call.values_arg = nullptr;
  call.indices.reshape({4, 1});
  EXPECT_EQ(call.make(), TK_OK);
  EXPECT_STREQ(tk_last_error(), "");
}

TEST(Topkit, KeepsOneErrorAThread) {
  std::vector<std::thread> threads;
  std::vector<int> wrong(8, 0);
  for (int i = 0; i < 8; ++i)
    threads.emplace_back([i, &wrong] {
      SmallCall call;
      const std::string expected =
          "k = " + std::to_string(100 + i) + ": must be in 0..6, the length of the selected axis of x";
      wrong[static_cast<std::size_t>(i)] += tk_last_error() != std::string();
      for (int round = 0; round < 2000; ++round) {
        call.k = 100 + i;
        wrong[static_cast<std::size_t>(i)] += call.make() != TK_INVALID_ARGUMENT || tk_last_error() != expected;
        call.k = 3;
        wrong[static_cast<std::size_t>(i)] += call.make() != TK_OK || *tk_last_error() != '\0';
      }
    });
  for (std::thread& thread : threads) thread.join();
  EXPECT_EQ(wrong, std::vector<int>(8, 0));
}

TEST(Topkit, NamesEveryStatus) {
  std::set<std::string> names;
  for (const tk_status status :
       {TK_OK, TK_INVALID_ARGUMENT, TK_UNSUPPORTED, TK_OUT_OF_MEMORY, TK_DEVICE_ERROR, TK_INTERNAL})
    names.insert(tk_status_name(status));
  EXPECT_EQ(names.size(), 6U);
  EXPECT_STREQ(tk_status_name(static_cast<tk_status>(99)), "unknown status");
}

TEST(Topkit, ListsAlgorithmsAndInstructionSets) {
  std::vector<std::string> cpu, cuda;
  for (std::int32_t i = 0; i < tk_algorithm_count(); ++i)
    (tk_algorithm_device(i) == kDLCPU ? cpu : cuda).emplace_back(tk_algorithm_name(i));
  EXPECT_EQ(cpu, (std::vector<std::string>{"argmax", "maxima", "blocked", "sampled", "split"}));
  EXPECT_FALSE(cuda.empty());
  EXPECT_EQ(tk_algorithm_name(-1), nullptr);
  EXPECT_EQ(tk_algorithm_name(tk_algorithm_count()), nullptr);

  std::vector<std::string> isas;
  for (std::int32_t i = 0; i < tk_isa_count(); ++i) isas.emplace_back(tk_isa_name(i));
  EXPECT_EQ(isas.back(), "scalar");
  EXPECT_EQ(tk_isa_available(tk_isa_count() - 1), 1);
  EXPECT_EQ(tk_isa_name(-1), nullptr);
  EXPECT_EQ(tk_isa_name(tk_isa_count()), nullptr);
  EXPECT_EQ(tk_isa_available(-1), 0);
  EXPECT_EQ(tk_isa_available(tk_isa_count()), 0);
}

TEST(Topkit, ForcesEveryListedNameOrSaysWhyNot) {
  SmallCall call;
  for (std::int32_t i = 0; i < tk_algorithm_count(); ++i) {
    if (tk_algorithm_device(i) != kDLCPU) continue;
    call.options.algorithm = tk_algorithm_name(i);
    const tk_status status = call.make();
    EXPECT_TRUE(status == TK_OK || status == TK_UNSUPPORTED) << call.options.algorithm << ": " << tk_last_error();
  }
  call.options.algorithm = nullptr;
  for (std::int32_t i = 0; i < tk_isa_count(); ++i) {
    call.options.isa = tk_isa_name(i);
    EXPECT_EQ(call.make(), tk_isa_available(i) != 0 ? TK_OK : TK_UNSUPPORTED) << call.options.isa;
  }
}

TEST(Topkit, VersionIsTheHeaders) {
  EXPECT_EQ(tk_version(), std::to_string(TK_VERSION_MAJOR) + "." + std::to_string(TK_VERSION_MINOR) + "." +
                              std::to_string(TK_VERSION_PATCH));
}

#ifdef TOPKIT_LIBRARY
TEST(Topkit, LibraryShowsOnlyTheNamesOfTheHeaders) {
  std::FILE* pipe = popen("nm -D --defined-only --format=posix '" TOPKIT_LIBRARY "'", "r");
  ASSERT_NE(pipe, nullptr);
  std::set<std::string> names;
  for (char line[4096]; std::fgets(line, sizeof line, pipe) != nullptr;)
    names.insert(std::string(line, std::find(line, line + sizeof line, ' ')));
  ASSERT_EQ(pclose(pipe), 0);
  EXPECT_EQ(names, (std::set<std::string>{"tk_algorithm_count",
                                          "tk_algorithm_device",
                                          "tk_algorithm_name",
                                          "tk_explain",
                                          "tk_filter",
                                          "tk_filter_workspace",
                                          "tk_isa_available",
                                          "tk_isa_count",
                                          "tk_isa_name",
                                          "tk_last_error",
                                          "tk_logprobs_init",
                                          "tk_merge_topk",
                                          "tk_merge_topk_workspace",
                                          "tk_options_init",
                                          "tk_sample",
                                          "tk_sample_workspace",
                                          "tk_sampled_init",
                                          "tk_sampling_init",
                                          "tk_sampling_preset",
                                          "tk_status_name",
                                          "tk_topk",
                                          "tk_topk_workspace",
                                          "tk_topn_logprobs",
                                          "tk_topn_logprobs_workspace",
                                          "tk_tuning_free",
                                          "tk_tuning_read",
                                          "tk_version"}));
}

TEST(Topkit, LibraryLoadsAndAnswersAlone) {
  void* library = dlopen(TOPKIT_LIBRARY, RTLD_NOW | RTLD_LOCAL);
  ASSERT_NE(library, nullptr) << dlerror();
  const auto topk = reinterpret_cast<decltype(&tk_topk)>(dlsym(library, "tk_topk"));
  ASSERT_NE(topk, nullptr);
  SmallCall call;
  EXPECT_EQ(topk(&call.x.dl, 3, nullptr, &call.values.dl, &call.indices.dl, nullptr, nullptr), TK_OK);
  EXPECT_EQ(call.values.as<float>()[0], 5.0F);
  dlclose(library);
}
#endif

}  // namespace
}  // namespace topkit::test
