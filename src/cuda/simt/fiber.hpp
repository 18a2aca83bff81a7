// A stack and a saved place in it. Hand-written switch on x86-64 (a few ns), ucontext elsewhere; AddressSanitizer is
// told of every switch.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define TOPKIT_SIMT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TOPKIT_SIMT_ASAN 1
#endif
#endif

#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace topkit::simt {

class Fiber {
 public:
  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  // Prepares to run entry from its beginning; what was on the stack is forgotten. `color` spreads the hot ends of many
  // stacks over the cache's sets.
  void start(void (*entry)(), unsigned color);

  // Asks for what resume() reads of the stack: a gang has more stacks than a cache holds, and waited for each.
  void prefetch() const {
#if defined(__x86_64__)
    constexpr int kLines = 3;
    for (int line = 0; line < kLines; ++line) __builtin_prefetch(static_cast<const char*>(here_) + 64 * line, 1);
#endif
  }

  // From the scheduler into the fiber, back when it yields or ends.
  void resume();
  // From the running fiber back to the scheduler that resumed it.
  void yield();
  // The last switch of a fiber.
  [[noreturn]] void leave();

 private:
  friend void fiber_entry();
  void* stack_ = nullptr;
  void (*entry_)() = nullptr;
#if defined(__x86_64__)
  void* here_ = nullptr;
#else
  ucontext_t here_{};
#endif
#ifdef TOPKIT_SIMT_ASAN
  void* fake_stack_ = nullptr;
#endif
};

}  // namespace topkit::simt
