// The one writer of a row's candidates: a candidate and its place become a value, an index or id, or padding.
#pragma once

#include "../args.hpp"
#include "element.hpp"
#include "places.cuh"

namespace topkit::cuda {

template <class E>
struct Writer {
  using Raw = typename E::Raw;

  const E& element;
  const Raw* x;        // the row
  std::int64_t begin;  // the row's first column: candidates count from there
  Places<Raw> places;

  __device__ Writer(const Args& args, const E& e, const Args::Span& span, std::int64_t row)
      : element(e),
        x(static_cast<const Raw*>(args.x) + row * args.problem.layout.outer_stride),
        begin(span.begin),
        places(args, row) {}

  __device__ void write(int place, Candidate c) const {
    const std::int64_t column = begin + index_of(c);
    const Key key = key_of(c);
    places.write(place, column, element.lossy(key) ? x[column] : element.raw(key));
  }

  // A place without a winner.
  __device__ void pad(int place) const { places.pad(place); }
};

}  // namespace topkit::cuda
