// The one way to start a kernel, on a device and on the host stand-in alike.
#pragma once

#include <cstddef>
#include <stdexcept>
#include <type_traits>
#include <utility>

#include "simt.hpp"

#ifdef __CUDACC__
#include <cuda_runtime_api.h>
#endif

namespace topkit::cuda {

using Stream = void*;  // a cudaStream_t

struct LaunchShape {
  const char* kernel;  // its name, for messages
  unsigned grid = 1, block = 32;
  unsigned cluster = 1;  // blocks; grid is a multiple of it
  std::size_t shared_bytes = 0;
  Stream stream = nullptr;
  // May start while the kernel before it ends: calls grid_dependency_wait() before it reads what that one writes. What earlier ones
  // wrote it may read sooner only where the kernel before it triggers (grid_launch_dependents) behind a wait of its own.
  bool pdl = false;
};

// The runtime refused: what, and its words.
struct LaunchError : std::runtime_error {
  using std::runtime_error::runtime_error;
};

// Sets memory that lies on the device to zero, in stream order; throws LaunchError.
void zero_async(void* memory, std::size_t bytes, Stream stream);

#ifdef __CUDACC__

namespace detail {
// Type-erased; allows the kernel its shared memory and cluster size once per device.
void launch(const void* kernel, const LaunchShape& shape, void** arguments);
}  // namespace detail

template <class... P, class... A>
void launch(void (*kernel)(P...), const LaunchShape& shape, A&&... arguments) {
  static_assert(sizeof...(P) == sizeof...(A));
  [&](std::remove_cvref_t<P>... values) {
    void* addresses[] = {const_cast<void*>(static_cast<const void*>(&values))..., nullptr};
    detail::launch(reinterpret_cast<const void*>(kernel), shape, addresses);
  }(std::forward<A>(arguments)...);
}

#else

template <class... P, class... A>
void launch(void (*kernel)(P...), const LaunchShape& shape, A&&... arguments) {
  static_assert(sizeof...(P) == sizeof...(A));
  simt::run({shape.kernel, shape.grid, shape.block, shape.cluster, shape.shared_bytes}, [&] { kernel(arguments...); });
}

#endif

}  // namespace topkit::cuda
