// Warp operations, block barriers and cluster barriers of the host stand-in.
#include <bit>
#include <cstring>

#include "machine_state.hpp"

namespace topkit::simt {
namespace {

constexpr std::uint64_t kGarbage = 0xBAD0BAD1BAD2BAD3ULL;  // what a lane that did not come brings

bool same(const char* a, const char* b) { return a == b || std::strcmp(a, b) == 0; }
bool same(const Where& a, const Where& b) { return a.line == b.line && same(a.file, b.file); }

}  // namespace

const Meeting& meet(std::uint32_t mask, const char* operation, Where where, std::uint64_t word, Reduce reduce) {
  Machine& m = *machine;
  Thread& t = *m.current;
  Warp& warp = *t.warp;
  const std::uint32_t me = 1U << t.lane;
  if ((mask & me) == 0)
    fault("%s at %s:%d with mask %08x, which does not name the lane that calls", operation, where.file, where.line,
          mask);
  Record* record = nullptr;
  for (std::uint32_t open = warp.open; open != 0; open &= open - 1) {
    Record& candidate = warp.records[static_cast<unsigned>(std::countr_zero(open))];
    if (candidate.mask == mask) record = &candidate;
  }
  if (record == nullptr) {
    const int slot = std::countr_one(warp.used);
    if (slot >= 32) fault("%s at %s:%d: more than 32 warp operations on their way", operation, where.file, where.line);
    warp.used |= 1ULL << slot;
    warp.open |= 1U << slot;
    record = &warp.records[static_cast<unsigned>(slot)];
    record->mask = mask;
    record->readers = 0;
    record->operation = operation;
    record->where = where;
    record->reduce = reduce;
    record->meeting.arrived = 0;
  } else if (!same(record->operation, operation) || !same(record->where, where)) {
    fault("divergence: %s at %s:%d meets %s at %s:%d (mask %08x, lanes %08x wait there)", operation, where.file,
          where.line, record->operation, record->where.file, record->where.line, mask, record->meeting.arrived);
  }
  record->meeting.arrived |= me;
  record->meeting.words[t.lane] = word;
  ++record->readers;
  m.complete_if_all_came(warp, *record);
  const unsigned slot = static_cast<unsigned>(record - warp.records.data());
  if ((warp.open >> slot & 1) != 0) m.wait(operation, where, mask);
  if (--record->readers == 0) warp.used &= ~(1ULL << slot);  // its words stay until the next operation of this warp
  return record->meeting;
}

void Machine::complete_if_all_came(Warp& warp, Record& record) {
  Meeting& meeting = record.meeting;
  if ((record.mask & ~(meeting.arrived | warp.exited)) != 0 || meeting.arrived == 0) return;
  for (std::uint32_t absent = ~meeting.arrived; absent != 0; absent &= absent - 1)
    meeting.words[std::countr_zero(absent)] = kGarbage;
  if (record.reduce != nullptr) meeting.result = record.reduce(meeting.words, meeting.arrived);
  warp.open &= ~(1U << (&record - warp.records.data()));
  const std::uint32_t others = meeting.arrived & ~(1U << current->lane);
  if (others != 0) ready(warp, others);
}

int block_barrier(int id, int threads, Vote vote, int predicate, const char* operation, Where where) {
  Machine& m = *machine;
  Thread& t = *m.current;
  Block& block = *t.block;
  Barrier& barrier = block.barriers[static_cast<unsigned>(id)];
  if (barrier.arrived == 0) {
    barrier.operation = operation;
    barrier.where = where;
    barrier.expected = threads;
  } else if (id == 0 && (!same(barrier.operation, operation) || !same(barrier.where, where))) {
    fault("divergence: %s at %s:%d meets %s at %s:%d, where %d threads wait", operation, where.file, where.line,
          barrier.operation, barrier.where.file, barrier.where.line, barrier.arrived);
  } else if (id != 0 && barrier.expected != threads) {
    fault("%s %d at %s:%d for %d threads meets one for %d", operation, id, where.file, where.line, threads,
          barrier.expected);
  }
  ++barrier.arrived;
  barrier.count += predicate != 0 ? 1 : 0;
  const unsigned generation = barrier.generation;
  if (barrier.arrived == (id == 0 ? block.live : barrier.expected)) {
    m.block_barrier_complete(block, barrier);
  } else {
    barrier.waiting[t.index / 32] |= 1U << t.lane;
    m.wait(operation, where, 0xFFFFFFFFU);
  }
  const int count = barrier.result[generation & 1];
  switch (vote) {
    case Vote::none: return 0;
    case Vote::count: return count;
    case Vote::all: return count == barrier.total[generation & 1];
    case Vote::any: return count != 0;
  }
  return 0;
}

void block_barrier_arrive(int id, int threads, Where where) {
  Machine& m = *machine;
  Block& block = *m.current->block;
  Barrier& barrier = block.barriers[static_cast<unsigned>(id)];
  if (barrier.arrived == 0) barrier.expected = threads;
  if (id == 0 || barrier.expected != threads)
    fault("barrier arrive %d at %s:%d for %d threads meets one for %d", id, where.file, where.line, threads,
          barrier.expected);
  if (++barrier.arrived == barrier.expected) m.block_barrier_complete(block, barrier);
}

void Machine::block_barrier_complete(Block& block, Barrier& barrier) {
  barrier.result[barrier.generation & 1] = barrier.count;
  barrier.total[barrier.generation & 1] = barrier.arrived;
  ++barrier.generation;
  barrier.arrived = barrier.count = 0;
  for (std::size_t w = 0; w < block.warps.size(); ++w) {
    const std::uint32_t lanes = std::exchange(barrier.waiting[w], 0U);
    if (lanes != 0) ready(*block.warps[w], lanes);
  }
}

void Machine::block_barrier_exit(Block& block) {
  Barrier& barrier = block.barriers[0];
  if (barrier.arrived != 0 && barrier.arrived == block.live) block_barrier_complete(block, barrier);
}

unsigned cluster_rank() { return machine->current->block->rank; }
unsigned cluster_size() { return machine->shape.cluster; }

void cluster_arrive(Where where) {
  Thread& t = *machine->current;
  Cluster& cluster = *t.block->cluster;
  if (t.cluster_arrived) fault("cluster_arrive at %s:%d twice without cluster_wait", where.file, where.line);
  t.cluster_arrived = true;
  t.cluster_phase = cluster.phase;
  cluster.where = where;
  ++cluster.arrived;
  machine->cluster_barrier_check(cluster);
}

void cluster_wait(Where where) {
  Thread& t = *machine->current;
  Cluster& cluster = *t.block->cluster;
  if (!t.cluster_arrived) fault("cluster_wait at %s:%d without cluster_arrive", where.file, where.line);
  if (cluster.phase == t.cluster_phase) {
    cluster.waiting.push_back(&t);
    machine->wait("cluster_wait", where, 0xFFFFFFFFU);
  }
  t.cluster_arrived = false;
}

void Machine::cluster_barrier_check(Cluster& cluster) {
  if (cluster.arrived == 0 || cluster.arrived != cluster.live) return;
  ++cluster.phase;
  cluster.arrived = 0;
  for (Thread* t : std::exchange(cluster.waiting, {})) ready(*t->warp, 1U << t->lane);
}

}  // namespace topkit::simt
