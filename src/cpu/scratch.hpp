// Scratch memory of the calling thread. It stays with the thread from call to call, up to a limit: fresh pages from the
// system cost more than most selections.
#pragma once

#include <cstddef>
#include <memory>

namespace topkit::cpu {

struct ReleaseScratch {
  std::size_t bytes = 0;
  void operator()(std::byte* p) const noexcept;
};
using AlignedBytes = std::unique_ptr<std::byte[], ReleaseScratch>;

// At least `bytes`, 64-byte aligned, content unspecified. To be released by the same thread. Throws std::bad_alloc.
AlignedBytes allocate(std::size_t bytes);

}  // namespace topkit::cpu
