// The host stand-in's machine: every CUDA thread of a cluster is a fiber; barriers and warp operations are where fibers
// are switched, so lanes run in an arbitrary order between them and a forgotten barrier shows.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <stdexcept>

namespace topkit::simt {

// A kernel misused the machine (deadlock, divergence, a read of an exited block): the sentence says kernel, who and
// where.
struct Fault : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// How kernels are run on this host thread. Seed 0: lanes, warps and blocks in ascending order; other seeds: random.
struct Settings {
  std::uint64_t seed = 0;
  int resident = 2;                       // clusters that run interleaved, as on a device they may
  bool clusters = true;                   // the device has them
  std::size_t shared_bytes = 227 * 1024;  // what one block of the device may have
};
Settings& settings();

struct Shape {
  const char* kernel;
  unsigned grid, block, cluster;
  std::size_t shared_bytes;
};

// Runs the body once per CUDA thread of the grid. Throws Fault.
void run(const Shape& shape, const std::function<void()>& body);

// Where in the kernel's source something waits.
struct Where {
  const char* file;
  int line;
};

// The shape of CUDA's built-in variables.
struct Index {
  unsigned x = 0, y = 0, z = 0;
};
struct Extent {
  unsigned x = 1, y = 1, z = 1;
};

[[noreturn]] void fault(const char* format, ...) __attribute__((format(printf, 1, 2)));

// --- Warp operations. Every lane named in the mask brings one word; when all that have not exited are there, each
// reads what the others brought. The reduction is done once, by the last that arrives.
struct Meeting {
  std::uint32_t arrived;    // the lanes that came
  std::uint64_t result;     // of the reduction
  std::uint64_t words[32];  // poisoned where no lane came
};
using Reduce = std::uint64_t (*)(const std::uint64_t* words, std::uint32_t arrived);
const Meeting& meet(std::uint32_t mask, const char* operation, Where where, std::uint64_t word,
                    Reduce reduce = nullptr);

// --- Block barriers. Barrier 0 waits for every thread that has not exited; the named ones for as many as are said.
enum class Vote : std::uint8_t { none, count, all, any };
int block_barrier(int id, int threads, Vote vote, int predicate, const char* operation, Where where);
void block_barrier_arrive(int id, int threads, Where where);

// --- Clusters.
unsigned cluster_rank();
unsigned cluster_size();
void cluster_arrive(Where where);
void cluster_wait(Where where);
void* map_shared(const void* mine, unsigned rank, Where where);
// The same without a barrier owed before the other block's exit: an mbarrier says when all has come.
void* twin(const void* mine, unsigned rank, const char* operation, Where where);

// --- Mbarriers: `pending` arrivals and promised bytes end a phase, and what was stored for it lands.
void mbarrier_init(void* m, unsigned arrivals);
void mbarrier_expect(void* mine, unsigned rank, unsigned bytes, Where where);
void mbarrier_wait(void* m, unsigned parity, Where where);
void store_async(void* mine, unsigned rank, std::uint64_t bits, unsigned size, void* m, Where where);

// --- Shared memory: poisoned with garbage before each block. Static objects are known by their type's slot.
void* dynamic_shared();
void* static_shared(int slot, std::size_t bytes, std::size_t align);
int new_static_slot();

// --- Copies that arrive late: the destination is garbage from the issue to the wait.
void async_copy(void* to, const void* from, std::size_t bytes);
void async_commit();
void async_wait(int newest_allowed);

// Lets others run now and then, where a device would interleave: at atomics.
void maybe_yield();

}  // namespace topkit::simt

// CUDA's built-in variables, set at every switch.
inline constinit thread_local topkit::simt::Index threadIdx{};
inline constinit thread_local topkit::simt::Index blockIdx{};
inline constinit thread_local topkit::simt::Extent blockDim{};
inline constinit thread_local topkit::simt::Extent gridDim{};
