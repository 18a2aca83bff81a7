// What a prepared call of tk_topk is made of, on either kind of device.
#pragma once

#include <array>
#include <cstdint>
#include <stdexcept>

#include "topkit/topkit.h"

namespace topkit::bench {

inline DLTensor matrix(void* data, DLDeviceType device, DLDataType type, std::array<std::int64_t, 2>& shape) {
  return {.data = data,
          .device = {device, 0},
          .ndim = 2,
          .dtype = type,
          .shape = shape.data(),
          .strides = nullptr,
          .byte_offset = 0};
}

inline void check(tk_status status) {
  if (status != TK_OK) throw std::runtime_error(tk_last_error());
}

}  // namespace topkit::bench
