// Structs of the C interface that begin with their size, so that a caller of an older version can be served: read into
// this version's.
#pragma once

#include <cstddef>
#include <cstring>
#include <span>
#include <string_view>

#include "status.hpp"
#include "topkit/topkit.h"

namespace topkit {

// Fields that the caller's version did not have keep what `result` holds. `borders` are where fields begin, and the size:
// a field is known when the next one's place lies within the caller's size, so one cut in half is not.
template <class T>
void read_versioned(std::string_view name, const T& from, std::span<const std::size_t> borders, T& result) {
  constexpr std::size_t kLargestSize = 1024;  // no version will need more: a larger size was never initialised
  const std::size_t size = from.size;
  if (size < sizeof(size_t) || size > kLargestSize)
    invalid("{}.size = {}: not a size of any version; call tk_{}_init first", name, size, name);
  const auto* bytes = reinterpret_cast<const unsigned char*>(&from);
  for (std::size_t i = sizeof(T); i < size; ++i)
    if (bytes[i] != 0)
      invalid("{}.size = {}: byte {} is set by a newer version; topkit {} knows {} bytes", name, size, i, tk_version(),
              sizeof(T));
  std::size_t known = 0;
  for (const std::size_t border : borders)
    if (border <= size) known = border;
  std::memcpy(static_cast<void*>(&result), &from, known);
  result.size = sizeof(T);
}

}  // namespace topkit
