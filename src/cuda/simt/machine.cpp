#include "machine.hpp"

#include <algorithm>
#include <bit>
#include <cstdarg>
#include <cstdio>
#include <cstring>
#include <memory>
#include <numeric>
#include <vector>

#include "machine_state.hpp"

namespace topkit::simt {

constinit thread_local Machine* machine = nullptr;

Settings& settings() {
  thread_local Settings value;
  return value;
}

namespace {

// Stacks and shared memory are kept between launches of one host thread.
Machine& machine_of_this_thread() {
  thread_local Machine instance;
  return instance;
}

void thread_main() {
  Fiber::begin();
  (*machine->body)();
  machine->thread_exits();
  machine->current->fiber.leave();
}

}  // namespace

void fault(const char* format, ...) {
  char text[1024];
  va_list arguments;
  va_start(arguments, format);
  std::vsnprintf(text, sizeof text, format, arguments);
  va_end(arguments);
  machine->fault_at_current(text);
  machine->current->fiber.leave();
}

// The sentence is thrown by the scheduler, whose stack can be unwound.
void Machine::fault_at_current(const char* text) {
  const Thread& t = *current;
  char where[256];
  std::snprintf(where, sizeof where, "kernel %s, block %u, thread %u (warp %u lane %u): ", shape.kernel, t.block->index,
                t.index, t.index / 32, t.index % 32);
  fault_text = std::string(where) + text;
}

void Machine::ready(Warp& warp, std::uint32_t lanes) {
  warp.runnable |= lanes;
  if (!warp.listed) {
    warp.listed = true;
    ready_warps.push_back(&warp);
  }
}

void Machine::thread_exits() {
  Thread& t = *current;
  t.exited = true;
  Warp& warp = *t.warp;
  warp.exited |= 1U << t.lane;
  for (std::uint32_t open = warp.open; open != 0; open &= open - 1)
    complete_if_all_came(warp, warp.records[std::countr_zero(open)]);
  Block& block = *t.block;
  --block.live;
  block_barrier_exit(block);
  Cluster& cluster = *block.cluster;
  --cluster.live;
  if (t.cluster_arrived) --cluster.arrived;
  cluster_barrier_check(cluster);
  if (block.live == 0) block_exits(block);
  --live;
}

void Machine::start_gang(std::span<const unsigned> clusters_to_run) {
  const unsigned warps_a_block = (shape.block + 31) / 32;
  const std::size_t block_count = clusters_to_run.size() * shape.cluster;
  gang_size = clusters_to_run.size();
  while (clusters.size() < clusters_to_run.size()) clusters.push_back(std::make_unique<Cluster>());
  while (blocks.size() < block_count) blocks.push_back(std::make_unique<Block>());
  while (warps.size() < block_count * warps_a_block) warps.push_back(std::make_unique<Warp>());
  while (threads.size() < block_count * shape.block) threads.push_back(std::make_unique<Thread>());
  ready_warps.clear();
  mbarriers.clear();
  live = 0;
  for (std::size_t c = 0; c < clusters_to_run.size(); ++c) {
    Cluster& cluster = *clusters[c];
    cluster = Cluster{};
    cluster.live = static_cast<int>(shape.cluster * shape.block);
    cluster.blocks.resize(shape.cluster);
    for (unsigned r = 0; r < shape.cluster; ++r) {
      const std::size_t b = c * shape.cluster + r;
      Block& block = *blocks[b];
      block.reset(clusters_to_run[c] * shape.cluster + r, r, &cluster, static_cast<int>(shape.block));
      cluster.blocks[r] = &block;
      block.poison(shape.shared_bytes, statics.used, poison_byte());
      block.warps.resize(warps_a_block);
      for (unsigned w = 0; w < warps_a_block; ++w) {
        Warp& warp = *warps[b * warps_a_block + w];
        warp.reset();
        block.warps[w] = &warp;
        const unsigned lanes = std::min(32U, shape.block - w * 32);
        if (lanes < 32) warp.exited = ~0U << lanes;
        for (unsigned l = 0; l < lanes; ++l) {
          const std::size_t i = b * shape.block + w * 32 + l;
          Thread& t = *threads[i];
          t.reset(w * 32 + l, &block, &warp);
          warp.threads[l] = &t;
          t.fiber.start(&thread_main, static_cast<unsigned>(i));
        }
        ready(warp, lanes == 32 ? ~0U : (1U << lanes) - 1);
        live += static_cast<int>(lanes);
      }
    }
  }
}

// Mostly one of those that became ready last, a block's after its barrier: a cache holds a block, not a gang. So a block runs
// ahead of the others by several barriers; now and then any other overtakes.
std::size_t Machine::next_warp() {
  constexpr std::size_t kLast = 32;
  const std::size_t count = ready_warps.size();
  if (count <= kLast || (random() & 31) == 0) return random() % count;
  return count - 1 - random() % kLast;
}

void Machine::run_gang() {
  const bool shuffled = settings().seed != 0;
  while (live > 0) {
    if (ready_warps.empty()) throw Fault(deadlock_report());
    const std::size_t at = shuffled ? next_warp() : 0;
    Warp& warp = *ready_warps[at];
    for (std::uint32_t lanes = warp.runnable; lanes != 0; lanes &= lanes - 1)
      warp.threads[std::countr_zero(lanes)]->fiber.prefetch();
    while (warp.runnable != 0) {
      int lane = std::countr_zero(warp.runnable);
      if (shuffled) {
        const int turn = static_cast<int>(random() & 31);
        lane = (std::countr_zero(std::rotr(warp.runnable, turn)) + turn) & 31;
      }
      warp.runnable &= ~(1U << lane);
      resume(*warp.threads[lane]);
      if (!fault_text.empty()) throw Fault(std::exchange(fault_text, {}));
      if (shuffled && (random() & 15) == 0) break;  // another warp overtakes
    }
    if (warp.runnable == 0) {
      warp.listed = false;
      if (shuffled) {
        ready_warps[at] = ready_warps.back();  // the list may have grown, but this warp kept its place
        ready_warps.pop_back();
      } else {
        ready_warps.erase(ready_warps.begin());
      }
    }
  }
  for (const auto& cluster : gang())
    for (const Block* block : cluster->blocks)
      block->check_untouched_after_exit(shape.kernel, shape.shared_bytes, statics.used);
}

std::string Machine::deadlock_report() const {
  struct Group {
    const char* operation;
    Where where;
    std::uint32_t mask;
    unsigned block, first_thread;
    int count;
  };
  std::vector<Group> groups;
  for (const auto& cluster : gang())
    for (const Block* block : cluster->blocks)
      for (const Warp* warp : block->warps)
        for (const Thread* t : warp->threads) {
          if (t == nullptr || t->exited || t->operation == nullptr) continue;
          const auto same = std::find_if(groups.begin(), groups.end(), [&](const Group& g) {
            return g.operation == t->operation && g.where.line == t->where.line && g.where.file == t->where.file &&
                   g.mask == t->mask;
          });
          if (same != groups.end())
            ++same->count;
          else
            groups.push_back({t->operation, t->where, t->mask, t->block->index, t->index, 1});
        }
  std::string text = std::string("kernel ") + shape.kernel + ": deadlock, nobody can run:";
  for (const Group& g : groups) {
    char line[512];
    std::snprintf(line, sizeof line, "%s %d thread%s wait%s at %s (mask %08x, %s:%d), first block %u thread %u",
                  &g == groups.data() ? "" : ";", g.count, g.count == 1 ? "" : "s", g.count == 1 ? "s" : "",
                  g.operation, g.mask, g.where.file, g.where.line, g.block, g.first_thread);
    text += line;
  }
  return text;
}

void run(const Shape& shape, const std::function<void()>& body) {
  if (machine != nullptr) throw Fault("a kernel cannot launch a kernel");
  if (shape.block == 0 || shape.block > 1024 || shape.cluster == 0 || shape.cluster > 16 || shape.grid == 0 ||
      shape.grid % shape.cluster != 0 || shape.shared_bytes > settings().shared_bytes ||
      (shape.cluster > 1 && !settings().clusters)) {
    char text[256];
    std::snprintf(text, sizeof text,
                  "kernel %s: cannot be launched with grid %u, block %u, cluster %u, %zu shared bytes", shape.kernel,
                  shape.grid, shape.block, shape.cluster, shape.shared_bytes);
    throw Fault(text);
  }
  Machine& m = machine_of_this_thread();
  struct Running {
    explicit Running(Machine& m) { machine = &m; }
    ~Running() { machine = nullptr; }
  } running(m);
  m.shape = shape;
  m.body = &body;
  m.statics = {};
  m.fault_text.clear();
  m.random_state = settings().seed * 0x9E3779B97F4A7C15ULL + 0x1234567;
  blockDim = {shape.block, 1, 1};
  gridDim = {shape.grid, 1, 1};

  std::vector<unsigned> order(shape.grid / shape.cluster);
  std::iota(order.begin(), order.end(), 0U);
  if (settings().seed != 0)
    for (std::size_t i = order.size(); i > 1; --i) std::swap(order[i - 1], order[m.random() % i]);
  const std::size_t resident = static_cast<std::size_t>(std::max(1, settings().resident));
  for (std::size_t first = 0; first < order.size(); first += resident) {
    m.start_gang(std::span(order).subspan(first, std::min(resident, order.size() - first)));
    m.run_gang();
  }
}

void maybe_yield() {
  if (settings().seed == 0 || (machine->random() & 15) != 0) return;
  Thread& t = *machine->current;
  machine->ready(*t.warp, 1U << t.lane);
  t.fiber.yield();
}

void async_copy(void* to, const void* from, std::size_t bytes) {
  if (reinterpret_cast<std::uintptr_t>(to) % bytes != 0 || reinterpret_cast<std::uintptr_t>(from) % bytes != 0)
    fault("async copy of %zu bytes between addresses that are not %zu-byte aligned", bytes, bytes);
  std::memset(to, machine->poison_byte(), bytes);
  machine->current->copies.push_back({to, from, bytes, machine->current->copy_groups});
}

void async_commit() { ++machine->current->copy_groups; }

void async_wait(int newest_allowed) {
  auto& copies = machine->current->copies;
  const int done = machine->current->copy_groups - newest_allowed;  // groups below this one have landed
  std::size_t kept = 0;
  for (const Copy& copy : copies) {
    if (copy.group < done)
      std::memcpy(copy.to, copy.from, copy.bytes);
    else
      copies[kept++] = copy;
  }
  copies.resize(kept);
}

}  // namespace topkit::simt
