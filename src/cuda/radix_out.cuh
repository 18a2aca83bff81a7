// One row's outputs, small enough to be kept in shared memory: where its places, its ids and its elements are. What lies in a
// row is contiguous, and rows have one stride (validate()).
#pragma once

#include "../args.hpp"
#include "element.hpp"

namespace topkit::cuda {

template <class E>
struct RowOut {
  using Raw = typename E::Raw;

  const Raw* x;        // the row's first element that takes part
  std::int64_t begin;  // its column
  Raw* values;         // null when not wanted
  void* indices;       // null when not wanted
  const void* ids;     // of the row's column 0, or null
  std::uint32_t k;

  __device__ void set(const Args& args, const Args::Span& span, std::int64_t row) {
    const bool wide = args.problem.index_type == IndexType::i64;
    x = static_cast<const Raw*>(args.x) + row * args.problem.layout.outer_stride + span.begin;
    begin = span.begin;
    values = args.values == nullptr ? nullptr : static_cast<Raw*>(args.values) + row * args.values_layout.outer_stride;
    const std::int64_t at = row * args.indices_layout.outer_stride * (wide ? 8 : 4);
    indices = args.indices == nullptr ? nullptr : static_cast<char*>(args.indices) + at;
    const std::int64_t id = row * args.ids_layout.outer_stride * (wide ? 8 : 4);
    ids = args.ids == nullptr ? nullptr : static_cast<const char*>(args.ids) + id;
    k = static_cast<std::uint32_t>(span.count);
  }
  __device__ void write(const Args& args, const E& element, std::uint32_t place, Candidate c) const {
    const Key key = key_of(c);
    put(args, place, element.lossy(key) ? x[index_of(c)] : element.raw(key), begin + index_of(c), ids);
  }
  // The element at `position` of the row, whose raw bits are known.
  __device__ void write(const Args& args, std::uint32_t place, Raw raw, std::uint32_t position) const {
    put(args, place, raw, begin + position, ids);
  }
  // A place without a winner.
  __device__ void pad(const Args& args, std::int64_t place) const {
    put(args, place, static_cast<Raw>(args.fill), -1, nullptr);
  }

 private:
  __device__ void put(const Args& args, std::int64_t place, Raw raw, std::int64_t column, const void* from) const {
    if (values != nullptr) values[place] = raw;
    if (indices == nullptr) return;
    const bool wide = args.problem.index_type == IndexType::i64;
    if (from == nullptr) {
      if (wide) {
        static_cast<std::int64_t*>(indices)[place] = column;
      } else {
        static_cast<std::int32_t*>(indices)[place] = static_cast<std::int32_t>(column);
      }
      return;
    }
    const std::int64_t id = column * args.ids_layout.col_stride;
    if (wide) {
      static_cast<std::int64_t*>(indices)[place] = static_cast<const std::int64_t*>(from)[id];
    } else {
      static_cast<std::int32_t*>(indices)[place] = static_cast<const std::int32_t*>(from)[id];
    }
  }
};

}  // namespace topkit::cuda
