// The seam between the engine and its kernels: plain data, no code, so that a unit compiled for a wide instruction set
// shares no function with the rest of the library.
//
// The engine (run.cpp) turns Args into a Job and Rows of contiguous elements: spans, strides of the input, empty rows and
// padding are its business. A kernel gets rows with 1 <= k <= cols and writes their k winners through write.hpp.
#pragma once

#include <cstddef>
#include <cstdint>

#include "algorithms.hpp"
#include "device.hpp"
#include "problem.hpp"

namespace topkit::cpu {

// How elements lie in a vector: by width, and floats that have compares of their own.
enum class Kind : std::uint8_t { i8, i16, i32, i64, f32, f64 };

// From raw bits to the *sortable* domain, signed integers of the same width in which a larger one is better:
//   x = ((raw ^ (sign(raw) & negative)) ^ all) + add
// It refines the order of key.hpp (the two zeros are neighbours, NaN are many), and canonical() of vec.hpp makes it equal:
// everything from top_nan on is one key, everything up to low_nan is one key, low_zero is high_zero. For integers
// these are no-ops. `add` rotates the NaN of one sign to the other end, where the contract wants them.
struct Sortable {
  std::uint64_t negative, all, add;
  std::uint64_t top_nan, low_nan, low_zero, high_zero;
  std::uint64_t
      flip;  // f32, f64: the sign bit when the smallest are wanted, so that floats compare as "larger is better"
};

struct Row {
  const void* data;     // contiguous; 4-byte reads before or after [data, data + cols) never happen
  void* values;         // null when not wanted; where winner 0 goes
  void* indices;        // null when not wanted
  const void* ids;      // null, or the id of column 0 of data
  std::int64_t column;  // the index of data[0]
  std::uint32_t cols, k;
  std::uint32_t first;  // split only: winners before this one are another task's; the outputs begin with this one
};

struct Job {
  Sortable sortable;
  Kind kind;
  Order order;
  bool wide_index;                                     // int64 indices and ids
  std::int64_t value_stride, index_stride, id_stride;  // in elements, of the outputs' and ids' columns
  std::int64_t max_cols, max_k;                        // over all rows of the call
};

// What a thread owns during a call. Its content is never assumed, but for what one kernel call leaves to the next one
// of the same call: `hint` starts as zeros.
struct Scratch {
  std::byte* data = nullptr;  // 64-byte aligned
  std::size_t bytes = 0;
  struct Hint {
    std::uint32_t k = 0;
    std::int32_t trust = 0;
    double mean = 0, spread = 0;
    std::int64_t least = 0;  // of some of the last rows
    std::uint32_t age = 0;   // of that, in rows
    bool ties = false;       // many elements have it
  } hint;
};

struct Kernel {
  void (*run)(const Job&, const Row* rows, std::int64_t count, Scratch&) = nullptr;  // null: not built
  std::size_t (*scratch_bytes)(const Job&) = nullptr;
};

inline constexpr int kRowAlgorithms = static_cast<int>(Algorithm::split) + 1;

// Everything one instruction set has for one kind.
struct Kernels {
  Kernel by_algorithm[kRowAlgorithms];
};

// One per isa_<isa>_<width>.cpp.
extern const Kernels kAvx512I8, kAvx512I16, kAvx512I32, kAvx512I64, kAvx512F32, kAvx512F64;
extern const Kernels kAvx2I8, kAvx2I16, kAvx2I32, kAvx2I64, kAvx2F32, kAvx2F64;
extern const Kernels kNeonI8, kNeonI16, kNeonI32, kNeonI64, kNeonF32, kNeonF64;
extern const Kernels kScalarI8, kScalarI16, kScalarI32, kScalarI64, kScalarF32, kScalarF64;

// The kernels of an instruction set that this library was built with; null otherwise.
const Kernels* kernels(Isa isa, Kind kind);

Kind kind_of(DType dtype);
Sortable sortable(const DTypeInfo& type, bool largest, Nan nan);

}  // namespace topkit::cpu
