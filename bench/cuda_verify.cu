#include <algorithm>
#include <array>

#include "cuda_verify.hpp"

namespace topkit::bench {
namespace {

enum Trouble : int { kRange, kValue, kTwice, kOrder, kPadding, kMissing, kTroubles };
constexpr std::array<const char*, kTroubles> kWords{
    "indices out of range", "values that are not the input's",  "indices that come twice",
    "places out of order",  "empty places that are not padded", "rows that miss a winner"};
constexpr int kThreads = 256;
constexpr std::int64_t kChunk = 16384;  // elements of a row that one block counts

struct Rank {
  long long key;
  std::int64_t index;
};

// Of one row: the worst it holds, and how many elements are better (and, when ties are bound to indices, as good).
struct RowState {
  unsigned long long worst_index_of_key;
  long long worst_key;
  unsigned long long held, found;
};

struct Shape {
  std::int64_t rows, cols, k, stride;
  int bytes, index_bytes;
  NumberKind kind;
  std::uint64_t largest_magnitude;
  bool strict, sorted, by_index;
  const std::int32_t* lengths;
  std::uint64_t worst;  // value of an empty place

  __device__ std::int64_t length(std::int64_t row) const { return lengths == nullptr ? cols : lengths[row]; }
};

__device__ std::uint64_t load(const void* data, std::int64_t i, int bytes) {
  switch (bytes) {
    case 1: return static_cast<const std::uint8_t*>(data)[i];
    case 2: return static_cast<const std::uint16_t*>(data)[i];
    case 4: return static_cast<const std::uint32_t*>(data)[i];
    default: return static_cast<const std::uint64_t*>(data)[i];
  }
}

// Larger is better; -0 and +0 are one key, all NaN are one key above +infinity.
__device__ long long key_of(std::uint64_t raw, const Shape& s) {
  const int bits = 8 * s.bytes;
  if (s.kind == NumberKind::unsigned_integer)
    return static_cast<long long>(bits == 64 ? raw ^ std::uint64_t{1} << 63 : raw);
  const std::uint64_t sign = std::uint64_t{1} << (bits - 1);
  if (s.kind == NumberKind::signed_integer) return static_cast<long long>(raw << (64 - bits)) >> (64 - bits);
  const std::uint64_t magnitude = raw & (sign - 1);
  if (magnitude > s.largest_magnitude) return 0x7fffffffffffffffLL;
  return (raw & sign) != 0 ? -static_cast<long long>(magnitude) : static_cast<long long>(magnitude);
}

__device__ std::int64_t index_at(const void* indices, std::int64_t i, int bytes) {
  return bytes == 4 ? static_cast<const std::int32_t*>(indices)[i] : static_cast<const std::int64_t*>(indices)[i];
}

__device__ bool better(Rank a, Rank b) { return a.key > b.key || (a.key == b.key && a.index < b.index); }

__device__ void raise(unsigned long long* trouble, Trouble which) { atomicAdd(trouble + which, 1ULL); }

// One block a row: every place by itself, then the worst of the row.
__global__ void judge_places(Shape s, const void* x, const void* values, const void* indices, unsigned* marks,
                             RowState* rows, unsigned long long* trouble) {
  __shared__ Rank shared[kThreads];
  const std::int64_t words = (s.cols + 31) / 32;
  for (std::int64_t row = blockIdx.x; row < s.rows; row += gridDim.x) {
    Rank worst{0x7fffffffffffffffLL, -1};
    const std::int64_t length = s.length(row);
    for (std::int64_t j = threadIdx.x; j < s.k; j += blockDim.x) {
      const std::int64_t place = row * s.stride + j, index = index_at(indices, place, s.index_bytes);
      if (j >= length) {
        if (index != -1 || (values != nullptr && load(values, place, s.bytes) != s.worst)) raise(trouble, kPadding);
        continue;
      }
      if (index < 0 || index >= length) {
        raise(trouble, kRange);
        continue;
      }
      const std::uint64_t raw = load(x, row * s.cols + index, s.bytes);
      const Rank own{key_of(raw, s), index};
      if (values != nullptr && load(values, place, s.bytes) != raw) raise(trouble, kValue);
      const unsigned bit = 1U << (index % 32);
      if ((atomicOr(marks + row * words + index / 32, bit) & bit) != 0) raise(trouble, kTwice);
      if (j > 0) {
        const std::int64_t before = index_at(indices, place - 1, s.index_bytes);
        if (before >= 0 && before < length) {
          const Rank other{key_of(load(x, row * s.cols + before, s.bytes), s), before};
          if (s.by_index && before >= index) raise(trouble, kOrder);
          if (s.sorted && (s.strict ? !better(other, own) : other.key < own.key)) raise(trouble, kOrder);
        }
      }
      if (better(worst, own)) worst = own;
    }
    shared[threadIdx.x] = worst;
    __syncthreads();
    for (unsigned half = kThreads / 2; half > 0; half /= 2) {
      if (threadIdx.x < half && better(shared[threadIdx.x], shared[threadIdx.x + half]))
        shared[threadIdx.x] = shared[threadIdx.x + half];
      __syncthreads();
    }
    worst = shared[0];
    unsigned long long held = 0;
    for (std::int64_t j = threadIdx.x; j < s.k; j += blockDim.x) {
      const std::int64_t index = index_at(indices, row * s.stride + j, s.index_bytes);
      if (index >= 0 && index < length)
        held += s.strict || key_of(load(x, row * s.cols + index, s.bytes), s) > worst.key ? 1 : 0;
    }
    if (held != 0) atomicAdd(&rows[row].held, held);
    if (threadIdx.x == 0) {
      rows[row].worst_key = worst.key;
      rows[row].worst_index_of_key = static_cast<unsigned long long>(worst.index);
    }
    __syncthreads();
  }
}

__global__ void count_better(Shape s, const void* x, RowState* rows) {
  const std::int64_t chunks = (s.cols + kChunk - 1) / kChunk;
  for (std::int64_t task = blockIdx.x; task < s.rows * chunks; task += gridDim.x) {
    const std::int64_t row = task / chunks, begin = task % chunks * kChunk, length = s.length(row);
    const std::int64_t end = begin + kChunk < length ? begin + kChunk : length;
    const Rank worst{rows[row].worst_key, static_cast<std::int64_t>(rows[row].worst_index_of_key)};
    unsigned found = 0;
    for (std::int64_t i = begin + threadIdx.x; i < end; i += blockDim.x) {
      const Rank own{key_of(load(x, row * s.cols + i, s.bytes), s), i};
      found += (s.strict ? !better(worst, own) : own.key > worst.key) ? 1 : 0;
    }
    found = __reduce_add_sync(~0U, found);
    if (threadIdx.x % 32 == 0 && found != 0) atomicAdd(&rows[row].found, static_cast<unsigned long long>(found));
  }
}

__global__ void judge_rows(Shape s, const RowState* rows, unsigned long long* trouble) {
  for (std::int64_t row = blockIdx.x * std::int64_t{blockDim.x} + threadIdx.x; row < s.rows;
       row += std::int64_t{gridDim.x} * blockDim.x)
    if (rows[row].held != rows[row].found) raise(trouble, kMissing);
}

}  // namespace

std::string CudaVerifier::complaint(const Case& c, const Answer& answer, cudaStream_t stream) {
  const Shape shape{.rows = c.rows,
                    .cols = c.cols,
                    .k = c.k,
                    .stride = answer.row_stride,
                    .bytes = bytes(c.dtype),
                    .index_bytes = answer.index_bytes,
                    .kind = info(c.dtype).kind,
                    .largest_magnitude = info(c.dtype).largest_magnitude,
                    .strict = answer.lower_index_wins,
                    .sorted = answer.sorted && c.order == Order::value,
                    .by_index = answer.lower_index_wins && c.order == Order::index,
                    .lengths = answer.lengths,
                    .worst = info(c.dtype).worst_of_largest};
  const auto rows = static_cast<std::size_t>(c.rows);
  const std::size_t mark_bytes = rows * static_cast<std::size_t>((c.cols + 31) / 32) * sizeof(unsigned);
  const std::size_t trouble_bytes = kTroubles * sizeof(unsigned long long);
  auto* marks = reinterpret_cast<unsigned*>(marks_.reserve(mark_bytes));
  auto* states = reinterpret_cast<RowState*>(rows_.reserve(rows * sizeof(RowState)));
  auto* trouble = reinterpret_cast<unsigned long long*>(trouble_.reserve(trouble_bytes));
  check(cudaMemsetAsync(marks, 0, mark_bytes, stream), "clearing marks");
  check(cudaMemsetAsync(states, 0, rows * sizeof(RowState), stream), "clearing rows");
  check(cudaMemsetAsync(trouble, 0, trouble_bytes, stream), "clearing counts");
  const auto blocks = static_cast<unsigned>(std::min<std::int64_t>(c.rows, 4096));
  judge_places<<<blocks, kThreads, 0, stream>>>(shape, answer.x, answer.values, answer.indices, marks, states, trouble);
  count_better<<<4096, kThreads, 0, stream>>>(shape, answer.x, states);
  judge_rows<<<64, kThreads, 0, stream>>>(shape, states, trouble);
  check(cudaGetLastError(), "verification");
  std::array<unsigned long long, kTroubles> counts{};
  check(cudaMemcpyAsync(counts.data(), trouble, trouble_bytes, cudaMemcpyDeviceToHost, stream), "copy from the device");
  check(cudaStreamSynchronize(stream), "verification");
  std::string text;
  for (std::size_t i = 0; i < kTroubles; ++i)
    if (counts[i] != 0) text += (text.empty() ? "" : ", ") + std::to_string(counts[i]) + " " + kWords[i];
  return text;
}

}  // namespace topkit::bench
