#include "fiber.hpp"

#include <sys/mman.h>

#include <cstdint>
#include <cstdlib>
#include <new>

#ifdef TOPKIT_SIMT_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace topkit::simt {
namespace {

constexpr std::size_t kColorBytes = 192;  // a few cache lines: 16 colors

char* map_stack() {
  void* memory = mmap(nullptr, kStackBytes + kGuardBytes, PROT_READ | PROT_WRITE,
                      MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  mprotect(memory, kGuardBytes, PROT_NONE);
  return static_cast<char*>(memory);
}

}  // namespace

void Fiber::begin() {
#ifdef TOPKIT_SIMT_ASAN
  __sanitizer_finish_switch_fiber(nullptr, &scheduler_stack, &scheduler_bytes);
#endif
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
  char* bottom = static_cast<char*>(stack_) + kGuardBytes;
#ifdef TOPKIT_SIMT_ASAN
  __asan_unpoison_memory_region(bottom, kStackBytes);
#endif
#if defined(__x86_64__)
  // As if entry had been called: it finds a return address (none) above it.
  auto* top = reinterpret_cast<void**>(bottom + kStackBytes - (color % 16) * kColorBytes - 64);
  *--top = nullptr;
  *--top = reinterpret_cast<void*>(entry);
  here_ = top;
#else
  getcontext(&here_);
  here_.uc_stack.ss_sp = bottom;
  here_.uc_stack.ss_size = kStackBytes - (color % 16) * kColorBytes;
  here_.uc_link = nullptr;
  makecontext(&here_, entry, 0);
#endif
}

void Fiber::leave() {
#ifdef TOPKIT_SIMT_ASAN
  __sanitizer_start_switch_fiber(nullptr, scheduler_stack, scheduler_bytes);
#endif
#if defined(__x86_64__)
  switch_stacks(&here_, scheduler);
#else
  setcontext(&scheduler);
#endif
  std::abort();  // a fiber that ended is not resumed
}

}  // namespace topkit::simt
