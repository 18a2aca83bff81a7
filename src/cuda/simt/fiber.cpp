#include "fiber.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#ifdef TOPKIT_SIMT_ASAN
#include <sanitizer/asan_interface.h>
#include <sanitizer/common_interface_defs.h>
#endif

#if defined(__x86_64__)
// Saves what the System V ABI lets a callee rely on, and continues on the other stack. By a jump: the processor expects of a
// return that it leads to where it was called last.
extern "C" void topkit_simt_switch(void** save, void* load);
asm(R"(
.text
.p2align 4
.globl topkit_simt_switch
.hidden topkit_simt_switch
.type topkit_simt_switch,@function
topkit_simt_switch:
  pushq %rbp
  pushq %rbx
  pushq %r12
  pushq %r13
  pushq %r14
  pushq %r15
  movq %rsp, (%rdi)
  movq %rsi, %rsp
  popq %r15
  popq %r14
  popq %r13
  popq %r12
  popq %rbx
  popq %rbp
  popq %rcx
  jmpq *%rcx
.size topkit_simt_switch,.-topkit_simt_switch
)");
#endif

namespace topkit::simt {
namespace {

#ifdef TOPKIT_SIMT_ASAN
constexpr std::size_t kStackBytes = 256 * 1024;
#else
constexpr std::size_t kStackBytes = 64 * 1024;
#endif
constexpr std::size_t kGuardBytes = 4096;
constexpr std::size_t kColorBytes = 192;  // a few cache lines: 16 colors

thread_local Fiber* running = nullptr;
#if defined(__x86_64__)
thread_local void* scheduler = nullptr;
#else
thread_local ucontext_t scheduler{};
#endif
#ifdef TOPKIT_SIMT_ASAN
thread_local const void* scheduler_stack = nullptr;
thread_local std::size_t scheduler_bytes = 0;
#endif

char* map_stack() {
  void* memory = mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, kGuardBytes, PROT_NONE);
  return static_cast<char*>(memory);
}

}  // namespace

#ifdef TOPKIT_SIMT_ASAN
__attribute__((no_sanitize("address")))
#endif
void fiber_entry() {
#ifdef TOPKIT_SIMT_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &scheduler_stack, &scheduler_bytes);
#endif
  running->entry_();
  running->leave();
}

Fiber::~Fiber() {
  if (stack_ == nullptr) return;
#ifdef TOPKIT_SIMT_ASAN
  __asan_unpoison_memory_region(static_cast<char*>(stack_) + kGuardBytes, kStackBytes);
#endif
  munmap(stack_, kStackBytes + kGuardBytes);
}

void Fiber::start(void (*entry)(), unsigned color) {
  if (stack_ == nullptr) stack_ = map_stack();
  entry_ = entry;
  char* bottom = static_cast<char*>(stack_) + kGuardBytes;
#ifdef TOPKIT_SIMT_ASAN
  __asan_unpoison_memory_region(bottom, kStackBytes);
#endif
#if defined(__x86_64__)
  // As if fiber_entry had been called: it finds a return address (none) above it and six registers are popped below it.
  auto* top = reinterpret_cast<void**>(bottom + kStackBytes - (color % 16) * kColorBytes - 64);
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(&fiber_entry);
  for (int i = 0; i < 6; ++i) *--top = nullptr;
  here_ = top;
#else
  getcontext(&here_);
  here_.uc_stack.ss_sp = bottom;
  here_.uc_stack.ss_size = kStackBytes - (color % 16) * kColorBytes;
  here_.uc_link = nullptr;
  makecontext(&here_, &fiber_entry, 0);
#endif
}

void Fiber::resume() {
  running = this;
#ifdef TOPKIT_SIMT_ASAN
  void* fake = nullptr;
  __sanitizer_start_switch_fiber(&fake, static_cast<char*>(stack_) + kGuardBytes, kStackBytes);
#endif
#if defined(__x86_64__)
  topkit_simt_switch(&scheduler, here_);
#else
  swapcontext(&scheduler, &here_);
#endif
#ifdef TOPKIT_SIMT_ASAN
  __sanitizer_finish_switch_fiber(fake, nullptr, nullptr);
#endif
}

void Fiber::yield() {
#ifdef TOPKIT_SIMT_ASAN
  __sanitizer_start_switch_fiber(&fake_stack_, scheduler_stack, scheduler_bytes);
#endif
#if defined(__x86_64__)
  topkit_simt_switch(&here_, scheduler);
#else
  swapcontext(&here_, &scheduler);
#endif
#ifdef TOPKIT_SIMT_ASAN
  __sanitizer_finish_switch_fiber(fake_stack_, &scheduler_stack, &scheduler_bytes);
#endif
}

void Fiber::leave() {
#ifdef TOPKIT_SIMT_ASAN
  __sanitizer_start_switch_fiber(nullptr, scheduler_stack, scheduler_bytes);
#endif
#if defined(__x86_64__)
  topkit_simt_switch(&here_, scheduler);
#else
  setcontext(&scheduler);
#endif
  std::abort();  // a fiber that ended is not resumed
}

}  // namespace topkit::simt
