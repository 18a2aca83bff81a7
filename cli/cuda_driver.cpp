#include "cli/cuda_driver.hpp"

#include <dlfcn.h>

#include <new>

#include "cli/error.hpp"

namespace topkit::cli {

// Names and types are those of the driver's C interface (CUDA Driver API reference).
struct CudaDriver::Functions {
  int (*init)(unsigned);
  int (*device_get)(int*, int);
  int (*context_retain)(void**, int);
  int (*context_release)(int);
  int (*context_set)(void*);
  int (*mem_alloc)(std::uint64_t*, std::size_t);
  int (*mem_free)(std::uint64_t);
  int (*upload)(std::uint64_t, const void*, std::size_t);
  int (*download)(void*, std::uint64_t, std::size_t);
  int (*error_string)(int, const char**);

  void check(int result, const char* what) const {
    if (result == 0) return;
    const char* words = nullptr;
    if (error_string(result, &words) != 0 || words == nullptr) words = "unknown error";
    fail(TK_DEVICE_ERROR, "CUDA: {}: {}", what, words);
  }
};

namespace {

template <class F>
void find(void* library, const char* name, F& function) {
  function = reinterpret_cast<F>(::dlsym(library, name));
  if (function == nullptr) fail(TK_UNSUPPORTED, "--device = 'cuda': the NVIDIA driver has no function {}", name);
}

}  // namespace

CudaDriver::CudaDriver() {
  static const Functions functions = [] {
    void* library = ::dlopen("libcuda.so.1", RTLD_NOW | RTLD_LOCAL);
    if (library == nullptr) fail(TK_UNSUPPORTED, "--device = 'cuda': no NVIDIA driver (libcuda.so.1) on this machine");
    Functions f{};
    find(library, "cuInit", f.init);
    find(library, "cuDeviceGet", f.device_get);
    find(library, "cuDevicePrimaryCtxRetain", f.context_retain);
    find(library, "cuDevicePrimaryCtxRelease_v2", f.context_release);
    find(library, "cuCtxSetCurrent", f.context_set);
    find(library, "cuMemAlloc_v2", f.mem_alloc);
    find(library, "cuMemFree_v2", f.mem_free);
    find(library, "cuMemcpyHtoD_v2", f.upload);
    find(library, "cuMemcpyDtoH_v2", f.download);
    find(library, "cuGetErrorString", f.error_string);
    return f;
  }();
  functions_ = &functions;
  int device = 0;
  void* context = nullptr;
  functions.check(functions.init(0), "initialisation");
  functions.check(functions.device_get(&device, 0), "device 0");
  functions.check(functions.context_retain(&context, device), "context");
  functions.check(functions.context_set(context), "context");
}

CudaDriver::~CudaDriver() { functions_->context_release(0); }

std::uint64_t CudaDriver::allocate(std::size_t bytes) const {
  std::uint64_t memory = 0;
  if (functions_->mem_alloc(&memory, bytes) != 0) throw std::bad_alloc();
  return memory;
}

void CudaDriver::free(std::uint64_t memory) const noexcept {
  if (memory != 0) functions_->mem_free(memory);
}

void CudaDriver::upload(std::uint64_t to, const void* from, std::size_t bytes) const {
  functions_->check(functions_->upload(to, from, bytes), "copy to the device");
}

void CudaDriver::download(void* to, std::uint64_t from, std::size_t bytes) const {
  functions_->check(functions_->download(to, from, bytes), "copy from the device");
}

std::uint64_t CudaBuffer::reserve(std::size_t bytes) {
  if (bytes > size_) {
    driver_.free(memory_);
    memory_ = 0;
    memory_ = driver_.allocate(bytes);
    size_ = bytes;
  }
  return memory_;
}

}  // namespace topkit::cli
