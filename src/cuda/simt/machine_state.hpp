// What the machine remembers of the clusters that run: private to the stand-in.
#pragma once

#include <array>
#include <map>
#include <memory>
#include <span>
#include <string>
#include <utility>
#include <vector>

#include "fiber.hpp"
#include "machine.hpp"

namespace topkit::simt {

inline constexpr std::size_t kSharedBytes = 227 * 1024;  // what one block may have at most, as sm_90
inline constexpr std::size_t kStaticBytes = 48 * 1024;   // of that, without asking

struct Block;
struct Warp;

struct Copy {
  void* to;
  const void* from;
  std::size_t bytes;
  int group;
};

// What a switch reads and writes is one cache line: a gang has more threads than a cache holds.
struct alignas(64) Thread {
  Fiber fiber;
  unsigned index = 0;
  int lane = 0;
  Block* block = nullptr;
  Warp* warp = nullptr;
  const char* operation = nullptr;  // what it waits for
  Where where{};
  std::uint32_t mask = 0;
  bool exited = false;
  bool cluster_arrived = false;  // and has not waited yet
  int cluster_phase = 0;         // the phase it arrived in
  std::vector<Copy> copies;
  int copy_groups = 0;

  void reset(unsigned i, Block* b, Warp* w) {
    index = i, lane = static_cast<int>(i % 32), block = b, warp = w;
    exited = cluster_arrived = false;
    cluster_phase = copy_groups = 0;
    operation = nullptr;
    copies.clear();
  }
};

// One warp operation on its way. Several with different masks may be open at once.
struct Record {
  Meeting meeting;
  std::uint32_t mask;
  int readers;  // lanes that have still to read
  const char* operation;
  Where where;
  Reduce reduce;
};

struct Warp {
  std::uint32_t runnable = 0, exited = 0;
  std::uint32_t open = 0;  // records that wait for lanes
  std::uint64_t used = 0;  // records that wait for lanes or for readers
  bool listed = false;
  std::array<Thread*, 32> threads{};
  std::array<Record, 64> records;

  void reset() {
    runnable = exited = open = 0;
    used = 0;
    listed = false;
    threads.fill(nullptr);
  }
};

struct Barrier {
  int arrived = 0, expected = 0;
  unsigned generation = 0;
  int count = 0;                // of true predicates so far
  std::array<int, 2> result{};  // count of the generation that ended, and of the one before
  std::array<int, 2> total{};
  const char* operation = nullptr;
  Where where{};
  std::array<std::uint32_t, 32> waiting{};  // lanes by warp
};

struct Cluster;

struct Block {
  unsigned index = 0, rank = 0;
  Cluster* cluster = nullptr;
  int live = 0;
  std::vector<Warp*> warps;
  std::array<Barrier, 16> barriers;
  std::array<int, 16> mapped_in_phase;  // by rank of the other block: the cluster phase of the last map_shared, or -1
  unsigned char exit_byte = 0;
  std::unique_ptr<unsigned char[]> memory;  // dynamic shared memory first, then the static objects

  unsigned char* shared() const;
  bool owns(const void* address) const;
  void reset(unsigned i, unsigned r, Cluster* c, int threads);
  void poison(std::size_t dynamic_bytes, std::size_t static_bytes, unsigned char byte);
  void bury(std::size_t dynamic_bytes, std::size_t static_bytes, unsigned char byte);
  void check_untouched_after_exit(const char* kernel, std::size_t dynamic_bytes, std::size_t static_bytes) const;
};

struct Cluster {
  std::vector<Block*> blocks;
  int live = 0, arrived = 0, phase = 0;
  Where where{};
  std::vector<Thread*> waiting;
};

struct LateStore {
  void* to;
  std::uint64_t bits;
  unsigned size;
};

struct MbarrierState {
  unsigned arrivals = 0, pending = 0;
  std::int64_t bytes = 0;  // promised less stored; may be negative in between
  unsigned phase = 0;
  std::vector<LateStore> stores;
  std::vector<Thread*> waiting;
};

struct Machine {
  Shape shape{};
  const std::function<void()>* body = nullptr;
  Thread* current = nullptr;
  std::vector<std::unique_ptr<Cluster>> clusters;
  std::vector<std::unique_ptr<Block>> blocks;
  std::vector<std::unique_ptr<Warp>> warps;
  std::vector<std::unique_ptr<Thread>> threads;
  std::vector<Warp*> ready_warps;
  std::map<const void*, MbarrierState> mbarriers;
  std::size_t gang_size = 0;  // of the clusters above, those that run now
  int live = 0;
  std::string fault_text;
  std::uint64_t random_state = 0;
  struct Statics {
    std::vector<std::size_t> offset_of_slot;  // +1; 0: not placed in this kernel yet
    std::size_t used = 0;
  } statics;

  std::uint64_t random() {  // xorshift64*
    random_state ^= random_state >> 12;
    random_state ^= random_state << 25;
    random_state ^= random_state >> 27;
    return random_state * 0x2545F4914F6CDD1DULL >> 32;
  }
  unsigned char poison_byte() { return static_cast<unsigned char>(0xA5 ^ (settings().seed * 0x3B)); }

  std::span<const std::unique_ptr<Cluster>> gang() const { return std::span(clusters).first(gang_size); }
  void start_gang(std::span<const unsigned> clusters_to_run);
  void run_gang();
  std::size_t next_warp();
  [[gnu::always_inline]] void resume(Thread& t) {
    current = &t;
    threadIdx.x = t.index;
    blockIdx.x = t.block->index;
    t.fiber.resume();
  }
  void ready(Warp& warp, std::uint32_t lanes);
  [[gnu::always_inline]] void wait(const char* operation, Where where, std::uint32_t mask) {
    current->operation = operation;
    current->where = where;
    current->mask = mask;
    current->fiber.yield();
    current->operation = nullptr;
  }
  void thread_exits();
  void complete_if_all_came(Warp& warp, Record& record);
  void block_barrier_exit(Block& block);
  void block_barrier_complete(Block& block, Barrier& barrier);
  void cluster_barrier_check(Cluster& cluster);
  void block_exits(Block& block);
  void mbarriers_exit(const Block& block);
  void fault_at_current(const char* text);
  std::string deadlock_report() const;
};

extern constinit thread_local Machine* machine;  // null when no kernel runs

}  // namespace topkit::simt
