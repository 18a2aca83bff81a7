// Ctrl-C at any moment leaves no half-written file: the handler removes the temporary files that are open, and ends.
#pragma once

#include <string>

namespace topkit::cli {

// Interrupt and termination end the program with 128 + signal; a mapped file that shrinks under us ends it with 1.
void handle_signals();

// A path that a signal removes while this object lives. At most 8 at a time; longer paths and more of them are not watched.
class RemovedOnSignal {
 public:
  explicit RemovedOnSignal(const std::string& path);
  ~RemovedOnSignal();
  RemovedOnSignal(const RemovedOnSignal&) = delete;
  RemovedOnSignal& operator=(const RemovedOnSignal&) = delete;

 private:
  int slot_ = -1;
};

// Holds interrupt and termination back while it lives: files that belong together appear together.
class SignalsHeld {
 public:
  SignalsHeld();
  ~SignalsHeld();
  SignalsHeld(const SignalsHeld&) = delete;
  SignalsHeld& operator=(const SignalsHeld&) = delete;
};

}  // namespace topkit::cli
