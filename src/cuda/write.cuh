// The one writer of a row's outputs: a candidate and its place become a value, an index or id, or padding.
#pragma once

#include "../args.hpp"
#include "element.hpp"

namespace topkit::cuda {

template <class E>
struct Writer {
  using Raw = typename E::Raw;

  const Args& args;
  const E& element;
  std::int64_t row;
  std::int64_t begin;  // the row's first column: candidates count from there
  std::int64_t values_row, indices_row;

  __device__ Writer(const Args& a, const E& e, const Args::Span& span, std::int64_t r)
      : args(a),
        element(e),
        row(r),
        begin(span.begin),
        values_row(a.values_layout.row(r)),
        indices_row(a.indices_layout.row(r)) {}

  __device__ void write(int place, Candidate c) const {
    const std::int64_t column = begin + index_of(c);
    if (args.values != nullptr) {
      const Key key = key_of(c);
      put_value(place, element.lossy(key) ? static_cast<const Raw*>(args.x)[args.problem.layout.row(row) + column]
                                          : element.raw(key));
    }
    if (args.indices != nullptr) {
      std::int64_t id = column;
      if (args.ids != nullptr) {
        const std::int64_t at = args.ids_layout.row(row) + column * args.ids_layout.col_stride;
        id = args.problem.index_type == IndexType::i64 ? static_cast<const std::int64_t*>(args.ids)[at]
                                                       : static_cast<const std::int32_t*>(args.ids)[at];
      }
      put_index(place, id);
    }
  }

  // A place without a winner.
  __device__ void pad(int place) const {
    if (args.values != nullptr) put_value(place, static_cast<Raw>(args.fill));
    if (args.indices != nullptr) put_index(place, -1);
  }

 private:
  __device__ void put_value(int place, Raw raw) const {
    static_cast<Raw*>(args.values)[values_row + place * args.values_layout.col_stride] = raw;
  }
  __device__ void put_index(int place, std::int64_t index) const {
    const std::int64_t at = indices_row + place * args.indices_layout.col_stride;
    if (args.problem.index_type == IndexType::i64) {
      static_cast<std::int64_t*>(args.indices)[at] = index;
    } else {
      static_cast<std::int32_t*>(args.indices)[at] = static_cast<std::int32_t>(index);
    }
  }
};

}  // namespace topkit::cuda
