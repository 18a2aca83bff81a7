// Mbarriers of the host stand-in. Their state lies here, not in the kernel's shared memory; stores on their way land when
// the phase completes, and until then the destination holds garbage.
#include <cstring>

#include "machine_state.hpp"

namespace topkit::simt {
namespace {

MbarrierState& state_of(void* m, const char* operation, Where where) {
  const auto at = machine->mbarriers.find(m);
  if (at == machine->mbarriers.end())
    fault("%s at %s:%d of an mbarrier that was not initialised", operation, where.file, where.line);
  return at->second;
}

void complete_if_all_came(MbarrierState& s) {
  if (s.pending != 0 || s.bytes != 0) return;
  for (const LateStore& store : s.stores) std::memcpy(store.to, &store.bits, store.size);
  s.stores.clear();
  s.pending = s.arrivals;
  s.phase ^= 1U;
  for (Thread* t : std::exchange(s.waiting, {})) machine->ready(*t->warp, 1U << t->lane);
}

}  // namespace

void mbarrier_init(void* m, unsigned arrivals) { machine->mbarriers[m] = {.arrivals = arrivals, .pending = arrivals}; }

void mbarrier_expect(void* mine, unsigned rank, unsigned bytes, Where where) {
  maybe_yield();
  MbarrierState& s = state_of(twin(mine, rank, "mbarrier_expect", where), "mbarrier_expect", where);
  if (s.pending == 0) fault("mbarrier_expect at %s:%d: more arrivals than promised", where.file, where.line);
  --s.pending;
  s.bytes += bytes;
  complete_if_all_came(s);
}

void store_async(void* mine, unsigned rank, std::uint64_t bits, unsigned size, void* m, Where where) {
  maybe_yield();
  // An H100 stops with an illegal instruction.
  if (machine->shape.cluster == 1) fault("store_async at %s:%d in a launch without a cluster", where.file, where.line);
  MbarrierState& s = state_of(twin(m, rank, "store_async", where), "store_async", where);
  void* const to = twin(mine, rank, "store_async", where);
  if (reinterpret_cast<std::uintptr_t>(to) % size != 0)
    fault("store_async at %s:%d of %u bytes to an address that is not aligned to them", where.file, where.line, size);
  std::memset(to, machine->poison_byte(), size);
  s.stores.push_back({to, bits, size});
  s.bytes -= size;
  complete_if_all_came(s);
}

void mbarrier_wait(void* m, unsigned parity, Where where) {
  MbarrierState& s = state_of(m, "mbarrier_wait", where);
  if (s.phase != parity) return;
  s.waiting.push_back(machine->current);
  machine->wait("mbarrier_wait", where, 0xFFFFFFFFU);
}

// A block must not end while stores to it are on their way.
void Machine::mbarriers_exit(const Block& block) {
  for (auto at = mbarriers.begin(); at != mbarriers.end();) {
    if (!block.owns(at->first)) {
      ++at;
      continue;
    }
    if (!at->second.stores.empty()) fault_at_current("the block exits while store_async to it are on their way");
    at = mbarriers.erase(at);
  }
}

}  // namespace topkit::simt
