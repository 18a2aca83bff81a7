#include "scratch.hpp"

#include <array>
#include <new>
#include <utility>

namespace topkit::cpu {
namespace {

constexpr std::size_t kKeptBytes = std::size_t{64} * 1024 * 1024;  // by one thread, in all
constexpr std::size_t kStep = 64 * 1024;

struct Block {
  std::byte* data = nullptr;
  std::size_t bytes = 0;
};

std::byte* from_system(std::size_t bytes) {
  return static_cast<std::byte*>(::operator new[](bytes, std::align_val_t{64}));
}
void to_system(std::byte* data) { ::operator delete[](data, std::align_val_t{64}); }

// Blocks that no call uses. A call inside a call (from a lent pool) finds them taken and gets its own.
class Kept {
 public:
  Kept() = default;
  Kept(const Kept&) = delete;
  Kept& operator=(const Kept&) = delete;
  ~Kept() {
    for (const Block& block : blocks_) to_system(block.data);
  }

  // The smallest that is large enough, or an empty one.
  Block take(std::size_t bytes) {
    Block* best = nullptr;
    for (Block& block : blocks_)
      if (block.bytes >= bytes && (best == nullptr || block.bytes < best->bytes)) best = &block;
    if (best == nullptr) return {};
    total_ -= best->bytes;
    return std::exchange(*best, {});
  }

  // False: no room for it.
  bool keep(Block kept) {
    if (kept.bytes > kKeptBytes) return false;
    for (Block& block : blocks_) {  // what is smaller makes room
      if (block.data != nullptr && block.bytes < kept.bytes && (total_ + kept.bytes > kKeptBytes || full())) {
        total_ -= block.bytes;
        to_system(std::exchange(block, {}).data);
      }
    }
    if (total_ + kept.bytes > kKeptBytes) return false;
    for (Block& block : blocks_) {
      if (block.data != nullptr) continue;
      block = kept;
      total_ += kept.bytes;
      return true;
    }
    return false;
  }

 private:
  bool full() const {
    for (const Block& block : blocks_)
      if (block.data == nullptr) return false;
    return true;
  }

  std::array<Block, 8> blocks_;
  std::size_t total_ = 0;
};

Kept& kept() {
  static thread_local Kept blocks;
  return blocks;
}

}  // namespace

void ReleaseScratch::operator()(std::byte* p) const noexcept {
  if (!kept().keep({p, bytes})) to_system(p);
}

AlignedBytes allocate(std::size_t bytes) {
  bytes = (bytes + kStep - 1) / kStep * kStep;
  const Block block = kept().take(bytes);
  if (block.data != nullptr) return AlignedBytes(block.data, ReleaseScratch{block.bytes});
  return AlignedBytes(from_system(bytes), ReleaseScratch{bytes});
}

}  // namespace topkit::cpu
