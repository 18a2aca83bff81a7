#include "cli/interrupt.hpp"

#include <limits.h>
#include <signal.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <cstring>
#include <string_view>

#include "cli/error.hpp"

namespace topkit::cli {
namespace {

struct Slot {
  std::atomic<bool> taken{false};
  std::atomic<bool> armed{false};  // the path is whole
  std::array<char, PATH_MAX> path;
};

std::array<Slot, 8> slots;
static_assert(std::atomic<bool>::is_always_lock_free, "read in a signal handler");

// Only async-signal-safe calls from here on (signal-safety(7)).
void say(std::string_view text) {
  const ssize_t written = ::write(STDERR_FILENO, text.data(), text.size());
  static_cast<void>(written);
}

extern "C" void end_by_signal(int signal) {
  for (const Slot& slot : slots)
    if (slot.armed.load()) ::unlink(slot.path.data());
  if (signal == SIGBUS) {
    say("\ntopkit: a file was cut off while it was read, or its disk failed\n");
    ::_exit(kExitFailed);
  }
  say("\n");
  ::_exit(128 + signal);
}

void hold(int how) {
  sigset_t set;
  ::sigemptyset(&set);
  ::sigaddset(&set, SIGINT);
  ::sigaddset(&set, SIGTERM);
  ::pthread_sigmask(how, &set, nullptr);
}

}  // namespace

void handle_signals() {
  struct sigaction action {};
  action.sa_handler = end_by_signal;
  for (const int signal : {SIGINT, SIGTERM, SIGBUS}) {
    struct sigaction before {};
    ::sigaction(signal, nullptr, &before);
    if (before.sa_handler != SIG_IGN)
      ::sigaction(signal, &action, nullptr);  // nohup and shells' background jobs ignore some
  }
}

RemovedOnSignal::RemovedOnSignal(const std::string& path) {
  if (path.size() >= PATH_MAX) return;
  for (int i = 0; i < static_cast<int>(slots.size()); ++i) {
    Slot& slot = slots[static_cast<std::size_t>(i)];
    if (slot.taken.exchange(true)) continue;
    std::memcpy(slot.path.data(), path.c_str(), path.size() + 1);
    slot.armed.store(true);
    slot_ = i;
    return;
  }
}

RemovedOnSignal::~RemovedOnSignal() {
  if (slot_ < 0) return;
  Slot& slot = slots[static_cast<std::size_t>(slot_)];
  slot.armed.store(false);
  slot.taken.store(false);
}

SignalsHeld::SignalsHeld() { hold(SIG_BLOCK); }
SignalsHeld::~SignalsHeld() { hold(SIG_UNBLOCK); }

}  // namespace topkit::cli
