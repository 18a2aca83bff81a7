// Shared memory of the host stand-in: garbage at first, buried when its block exits, reachable from its cluster
// between.
#include <algorithm>
#include <cstring>

#include "machine_state.hpp"

#ifdef TOPKIT_SIMT_ASAN
#include <sanitizer/asan_interface.h>
#endif

namespace topkit::simt {
namespace {

constexpr std::size_t kDynamicAt = 1024;                             // as aligned as anything asks for
constexpr std::size_t kStaticAt = kDynamicAt + kSharedBytes + 1024;  // a gap that nobody owns lies between
constexpr std::size_t kArenaBytes = kStaticAt + kStaticBytes + 64 * 1024 + 1024;
constexpr std::size_t kGap = 64;  // between static objects

void forbid([[maybe_unused]] const void* from, [[maybe_unused]] std::size_t bytes) {
#ifdef TOPKIT_SIMT_ASAN
  __asan_poison_memory_region(from, bytes);
#endif
}

void allow([[maybe_unused]] const void* from, [[maybe_unused]] std::size_t bytes) {
#ifdef TOPKIT_SIMT_ASAN
  __asan_unpoison_memory_region(from, bytes);
#endif
}

}  // namespace

unsigned char* Block::shared() const {
  const auto address = reinterpret_cast<std::uintptr_t>(memory.get());
  return memory.get() + ((1024 - address % 1024) % 1024);
}

void Block::reset(unsigned i, unsigned r, Cluster* c, int threads) {
  if (memory == nullptr) memory = std::make_unique<unsigned char[]>(kArenaBytes + 1024);
  index = i, rank = r, cluster = c, live = threads;
  barriers.fill(Barrier{});
  mapped_in_phase.fill(-1);
}

void Block::poison(std::size_t dynamic_bytes, std::size_t static_bytes, unsigned char byte) {
  allow(shared(), kArenaBytes);
  std::memset(shared() + kDynamicAt, byte, dynamic_bytes);
  std::memset(shared() + kStaticAt, byte, static_bytes);
  forbid(shared(), kDynamicAt);
  forbid(shared() + kDynamicAt + dynamic_bytes, kStaticAt - kDynamicAt - dynamic_bytes);
  forbid(shared() + kStaticAt + static_bytes, kArenaBytes - kStaticAt - static_bytes);
}

void* dynamic_shared() { return machine->current->block->shared() + kDynamicAt; }

int new_static_slot() {
  static int slots = 0;
  return __atomic_fetch_add(&slots, 1, __ATOMIC_RELAXED);
}

void* static_shared(int slot, std::size_t bytes, std::size_t align) {
  Machine& m = *machine;
  auto& offsets = m.statics.offset_of_slot;
  const auto s = static_cast<std::size_t>(slot);
  if (offsets.size() <= s) offsets.resize(s + 1);
  if (offsets[s] == 0) {
    const std::size_t at = (m.statics.used + align - 1) / align * align;
    if (at + bytes > kStaticBytes) fault("more than %zu bytes of static shared memory", kStaticBytes);
    if (at + bytes + m.shape.shared_bytes > settings().shared_bytes)
      fault("%zu bytes of static and %zu of dynamic shared memory: more than %zu", at + bytes, m.shape.shared_bytes,
            settings().shared_bytes);
    offsets[s] = at + 1;
    m.statics.used = at + bytes + kGap;
    for (const auto& cluster : m.gang())
      for (const Block* block : cluster->blocks) {
        if (block->live == 0) continue;
        allow(block->shared() + kStaticAt + at, bytes);
        std::memset(block->shared() + kStaticAt + at, m.poison_byte(), bytes);
      }
  }
  return m.current->block->shared() + kStaticAt + offsets[s] - 1;
}

bool Block::owns(const void* address) const {
  const auto* at = static_cast<const unsigned char*>(address);
  return at >= shared() && at < shared() + kArenaBytes;
}

void* twin(const void* mine, unsigned rank, const char* operation, Where where) {
  const Block& block = *machine->current->block;
  const Cluster& cluster = *block.cluster;
  if (!block.owns(mine))
    fault("%s at %s:%d of a pointer that is not into the caller's shared memory", operation, where.file, where.line);
  if (rank >= cluster.blocks.size())
    fault("%s at %s:%d of rank %u in a cluster of %zu", operation, where.file, where.line, rank, cluster.blocks.size());
  if (rank != block.rank) {
    if (cluster.phase == 0)
      fault("%s at %s:%d before any cluster barrier: block %u may not have started", operation, where.file, where.line,
            rank);
    if (cluster.blocks[rank]->live == 0)
      fault("%s at %s:%d: the block of rank %u has exited", operation, where.file, where.line, rank);
  }
  return cluster.blocks[rank]->shared() + (static_cast<const unsigned char*>(mine) - block.shared());
}

void* map_shared(const void* mine, unsigned rank, Where where) {
  void* const address = twin(mine, rank, "map_shared", where);
  Block& block = *machine->current->block;
  if (rank != block.rank) block.mapped_in_phase[rank] = block.cluster->phase;
  return address;
}

// Whoever may still read a block's memory must be separated from its end by a cluster barrier.
void Machine::block_exits(Block& block) {
  const Cluster& cluster = *block.cluster;
  for (const Block* other : cluster.blocks)
    if (other != &block && other->mapped_in_phase[block.rank] == cluster.phase) {
      char text[256];
      std::snprintf(
          text, sizeof text,
          "the block of rank %u exits though rank %u has used its shared memory since the last cluster barrier",
          block.rank, other->rank);
      fault_at_current(text);
    }
  mbarriers_exit(block);
  block.bury(shape.shared_bytes, statics.used, static_cast<unsigned char>(~poison_byte()));
}

void Block::bury(std::size_t dynamic_bytes, std::size_t static_bytes, unsigned char byte) {
  if (cluster->blocks.size() == 1) return;
  poison(dynamic_bytes, static_bytes, byte);
  forbid(shared(), kArenaBytes);
  exit_byte = byte;
}

void Block::check_untouched_after_exit(const char* kernel, std::size_t dynamic_bytes, std::size_t static_bytes) const {
  if (cluster->blocks.size() == 1) return;
  allow(shared(), kArenaBytes);
  const auto touched = [&](std::size_t at, std::size_t bytes) {
    return std::any_of(shared() + at, shared() + at + bytes, [&](unsigned char b) { return b != exit_byte; });
  };
  if (touched(kDynamicAt, dynamic_bytes) || touched(kStaticAt, static_bytes))
    throw Fault(std::string("kernel ") + kernel + ": the shared memory of block " + std::to_string(index) +
                " was written after it had exited");
}

}  // namespace topkit::simt
