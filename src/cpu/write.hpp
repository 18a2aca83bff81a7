// The one place where a row's winners reach the caller's memory.
#pragma once

#include "vec.hpp"

namespace topkit::cpu {
namespace {

template <class Index>
void write_indices(const Job& job, const Row& row, const std::uint32_t* winners) {
  auto* out = static_cast<Index*>(row.indices);
  if (row.ids != nullptr) {
    const auto* ids = static_cast<const Index*>(row.ids);
    for (std::uint32_t j = 0; j < row.k; ++j) out[j * job.index_stride] = ids[winners[j] * job.id_stride];
  } else if (job.index_stride == 1) {
    const Index column = static_cast<Index>(row.column);
    for (std::uint32_t j = 0; j < row.k; ++j) out[j] = column + static_cast<Index>(winners[j]);
  } else {
    for (std::uint32_t j = 0; j < row.k; ++j) out[j * job.index_stride] = static_cast<Index>(row.column + winners[j]);
  }
}

inline void write_places(const Job& job, const Row& row, const std::uint32_t* winners) {
  if (row.indices == nullptr) return;
  if (job.wide_index) {
    write_indices<std::int64_t>(job, row, winners);
  } else {
    write_indices<std::int32_t>(job, row, winners);
  }
}

// winners: positions within row.data, in the order wanted. Values are the row's own bits.
template <class V>
void write_row(const Job& job, const Row& row, const std::uint32_t* winners) {
  using Raw = typename V::Raw;
  if (row.values != nullptr) {
    const auto* data = static_cast<const Raw*>(row.data);
    auto* out = static_cast<Raw*>(row.values);
    for (std::uint32_t j = 0; j < row.k; ++j) out[j * job.value_stride] = data[winners[j]];
  }
  write_places(job, row, winners);
}

}  // namespace
}  // namespace topkit::cpu
