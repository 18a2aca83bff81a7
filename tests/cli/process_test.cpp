// The built program as a process: what its tests inside one process cannot show.
#include <fcntl.h>
#include <gmock/gmock.h>
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/wait.h>
#include <unistd.h>

#include <chrono>
#include <thread>

#include "cli/npy.hpp"
#include "cli/support.hpp"

namespace topkit::cli {
namespace {

using test::Folder;
using testing::HasSubstr;

constexpr const char* kProgram = TOPKIT_PROGRAM;

// A command line for the shell, $T being the program; its exit code.
int shell(const std::string& command) {
  const std::string line = std::string("T='") + kProgram + "'; " + command;
  const int status = std::system(line.c_str());
  return WIFEXITED(status) ? WEXITSTATUS(status) : -1;
}

TEST(Process, StandardInputIsReadFromAPipeAndFromAFile) {
  const Folder folder;
  const std::string x = folder.write("x.npy", npy_header(DType::i32, Shape{4}) + test::raw<std::int32_t>({3, 9, 7, 1}));
  EXPECT_EQ(shell("cat '" + x + "' | $T topk - -k 2 --csv > '" + folder.path("piped") + "'"), 0);
  EXPECT_EQ(shell("$T topk - -k 2 --csv < '" + x + "' > '" + folder.path("redirected") + "'"), 0);
  EXPECT_EQ(folder.read("piped"), "file,row,rank,index,value\n-,0,0,1,9\n-,0,1,2,7\n");
  EXPECT_EQ(folder.read("redirected"), folder.read("piped"));
}

TEST(Process, ExitCodesTellUsageFromFailure) {
  const Folder folder;
  const std::string x = folder.write("x.npy", npy_header(DType::u8, Shape{2}) + "ab");
  const std::string errors = " 2> '" + folder.path("errors") + "'";
  EXPECT_EQ(shell("$T topk '" + x + "' -k 3" + errors), 2);
  EXPECT_THAT(folder.read("errors"), HasSubstr("topkit: " + x + ": k = 3: must be in 0..2"));
  EXPECT_EQ(shell("$T frobnicate" + errors), 2);
  EXPECT_EQ(shell("$T topk '" + x + "' -k 1 > /dev/full" + errors), 1);
  EXPECT_THAT(folder.read("errors"), HasSubstr("standard output cannot be written"));
  EXPECT_EQ(shell("$T --version > /dev/null"), 0);
}

TEST(Process, NoColourEscapesWhereThereIsNoTerminal) {
  const Folder folder;
  EXPECT_EQ(shell("$T info > '" + folder.path("info") + "'"), 0);
  EXPECT_EQ(folder.read("info").find('\x1b'), std::string::npos);
}

class Interrupted : public testing::TestWithParam<int> {};

// Long enough that the signal arrives while the outputs are open; tried again when the program was faster.
TEST_P(Interrupted, LeavesNoFileBehind) {
  const int signal = GetParam();
  const Folder folder;
  const std::string x = folder.write("x.raw", "");
  ASSERT_EQ(::truncate(x.c_str(), off_t{4} << 24), 0);
  int code = 0;
  for (int attempt = 0; attempt < 10 && code == 0; ++attempt) {
    const pid_t child = ::fork();
    ASSERT_GE(child, 0);
    if (child == 0) {
      ::signal(signal, SIG_DFL);  // the test itself may run where it is ignored
      const int nowhere = ::open("/dev/null", O_WRONLY);
      ::dup2(nowhere, STDERR_FILENO);
      ::execl(kProgram, kProgram, "topk", x.c_str(), "--dtype", "f32", "--shape", "16777216", "-k", "8388608", "-o",
              folder.path("out").c_str(), static_cast<char*>(nullptr));
      ::_exit(127);
    }
    for (siginfo_t ended{}; folder.files() < 2 && ended.si_pid != child;) {
      std::this_thread::sleep_for(std::chrono::milliseconds(1));
      ::waitid(P_PID, static_cast<id_t>(child), &ended, WEXITED | WNOHANG | WNOWAIT);
    }
    ::kill(child, signal);
    int status = 0;
    ASSERT_EQ(::waitpid(child, &status, 0), child);
    ASSERT_TRUE(WIFEXITED(status)) << "ended by signal " << WTERMSIG(status);
    code = WEXITSTATUS(status);
    if (code == 0)
      std::filesystem::remove(folder.path("out.values.npy")), std::filesystem::remove(folder.path("out.indices.npy"));
  }
  EXPECT_EQ(code, 128 + signal);
  EXPECT_EQ(folder.files(), 1U) << "only the input is left";
}

INSTANTIATE_TEST_SUITE_P(Process, Interrupted, testing::Values(SIGINT, SIGTERM),
                         [](const auto& test) { return test.param == SIGINT ? "CtrlC" : "Termination"; });

}  // namespace
}  // namespace topkit::cli
