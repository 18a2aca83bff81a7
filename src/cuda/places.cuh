// Where the outputs of one row go: places 0..k-1 of its values and indices, either of which may be missing. On CUDA rows
// have one stride and what lies in a row is contiguous (validate()).
#pragma once

#include "../args.hpp"
#include "simt.hpp"

namespace topkit::cuda {

template <class Raw>
class Places {
 public:
  __device__ Places(const Args& args, std::int64_t row)
      : args_(args),
        row_(row),
        values_(row * args.values_layout.outer_stride),
        indices_(row * args.indices_layout.outer_stride) {}

  // The element at (place, column) of raw bits `raw`.
  __device__ void write(std::int64_t place, std::int64_t column, Raw raw) const {
    if (args_.values != nullptr) put_value(place, raw);
    if (args_.indices != nullptr) put_index(place, args_.ids == nullptr ? column : id(column));
  }

  // A place without a winner.
  __device__ void pad(std::int64_t place) const {
    if (args_.values != nullptr) put_value(place, static_cast<Raw>(args_.fill));
    if (args_.indices != nullptr) put_index(place, -1);
  }

 private:
  __device__ std::int64_t id(std::int64_t column) const {
    const std::int64_t at = row_ * args_.ids_layout.outer_stride + column * args_.ids_layout.col_stride;
    return args_.problem.index_type == IndexType::i64 ? static_cast<const std::int64_t*>(args_.ids)[at]
                                                      : static_cast<const std::int32_t*>(args_.ids)[at];
  }
  __device__ void put_value(std::int64_t place, Raw raw) const {
    static_cast<Raw*>(args_.values)[values_ + place] = raw;
  }
  __device__ void put_index(std::int64_t place, std::int64_t index) const {
    const std::int64_t at = indices_ + place;
    if (args_.problem.index_type == IndexType::i64) {
      static_cast<std::int64_t*>(args_.indices)[at] = index;
    } else {
      static_cast<std::int32_t*>(args_.indices)[at] = static_cast<std::int32_t>(index);
    }
  }

  const Args& args_;
  std::int64_t row_, values_, indices_;
};

}  // namespace topkit::cuda
