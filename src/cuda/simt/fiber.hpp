// A stack and a saved place in it. Hand-written switch on x86-64 (a few ns), ucontext elsewhere; AddressSanitizer is
// told of every switch. The switch is inline: each call around it would be a return that the processor foretells wrongly.
#pragma once

#include <cstddef>

#if defined(__SANITIZE_ADDRESS__)
#define TOPKIT_SIMT_ASAN 1
#elif defined(__has_feature)
#if __has_feature(address_sanitizer)
#define TOPKIT_SIMT_ASAN 1
#endif
#endif

#ifdef TOPKIT_SIMT_ASAN
#include <sanitizer/common_interface_defs.h>
#endif
#if !defined(__x86_64__)
#include <ucontext.h>
#endif

namespace topkit::simt {

// The stack that resumed the fiber which runs on this host thread.
#if defined(__x86_64__)
inline constinit thread_local void* scheduler = nullptr;

// Continues where `load` was saved. Every register is given up but rbp, which may hold the frame; 128 bytes below the stack
// pointer belong to the function around. By a jump: a return is expected to lead to where was called from last.
[[gnu::always_inline]] inline void switch_stacks(void** save, void* load) {
  asm volatile(R"(
    leaq -128(%%rsp), %%rsp
    pushq %%rbp
    leaq 1f(%%rip), %%rax
    pushq %%rax
    movq %%rsp, (%0)
    movq %1, %%rsp
    popq %%rax
    jmpq *%%rax
  1:
    popq %%rbp
    leaq 128(%%rsp), %%rsp
)"
               : "+D"(save), "+S"(load)
               :
               : "rax", "rbx", "rcx", "rdx", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "xmm0", "xmm1",
                 "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7", "xmm8", "xmm9", "xmm10", "xmm11", "xmm12", "xmm13",
                 "xmm14", "xmm15", "memory", "cc");
}
#else
inline thread_local ucontext_t scheduler{};
#endif
#ifdef TOPKIT_SIMT_ASAN
inline constinit thread_local const void* scheduler_stack = nullptr;
inline constinit thread_local std::size_t scheduler_bytes = 0;
inline constexpr std::size_t kStackBytes = 256 * 1024;
#else
inline constexpr std::size_t kStackBytes = 64 * 1024;
#endif
inline constexpr std::size_t kGuardBytes = 4096;

class Fiber {
 public:
  Fiber() = default;
  Fiber(const Fiber&) = delete;
  Fiber& operator=(const Fiber&) = delete;
  ~Fiber();

  // Prepares to run entry, which starts with begin() and ends with leave(), from its beginning; what was on the stack is
  // forgotten. `color` spreads the hot ends of many stacks over the cache's sets.
  void start(void (*entry)(), unsigned color);
  static void begin();

  // Asks for what resume() reads of the stack: a gang has more stacks than a cache holds, and waited for each.
  void prefetch() const {
#if defined(__x86_64__)
    constexpr int kLines = 3;
    for (int line = 0; line < kLines; ++line) __builtin_prefetch(static_cast<const char*>(here_) + 64 * line, 1);
#endif
  }

  // From the scheduler into the fiber, back when it yields or ends.
  [[gnu::always_inline]] void resume() {
#ifdef TOPKIT_SIMT_ASAN
    void* fake = nullptr;
    __sanitizer_start_switch_fiber(&fake, static_cast<char*>(stack_) + kGuardBytes, kStackBytes);
#endif
#if defined(__x86_64__)
    switch_stacks(&scheduler, here_);
#else
    swapcontext(&scheduler, &here_);
#endif
#ifdef TOPKIT_SIMT_ASAN
    __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
  }
  // From the running fiber back to the scheduler that resumed it.
  [[gnu::always_inline]] void yield() {
#ifdef TOPKIT_SIMT_ASAN
    __sanitizer_start_switch_fiber(&fake_stack_, scheduler_stack, scheduler_bytes);
#endif
#if defined(__x86_64__)
    switch_stacks(&here_, scheduler);
#else
    swapcontext(&here_, &scheduler);
#endif
#ifdef TOPKIT_SIMT_ASAN
    __sanitizer_finish_switch_fiber(fake_stack_, &scheduler_stack, &scheduler_bytes);
#endif
  }
  // The last switch of a fiber.
  [[noreturn]] void leave();

 private:
#if defined(__x86_64__)
  void* here_ = nullptr;
#else
  ucontext_t here_{};
#endif
  void* stack_ = nullptr;
#ifdef TOPKIT_SIMT_ASAN
  void* fake_stack_ = nullptr;
#endif
};

}  // namespace topkit::simt
