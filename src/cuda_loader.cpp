// Finds the CUDA engine: linked into this program, beside libtopkit, or where the loader searches.
#include <dlfcn.h>

#include <array>
#include <atomic>
#include <mutex>
#include <string>
#include <vector>

#include "cuda/engine.hpp"
#include "status.hpp"

// Defined when the engine is linked in statically.
extern "C" __attribute__((weak)) const topkit::cuda::Engine* topkit_cuda_engine();

namespace topkit {
namespace {

constexpr int kMaxDevices = 64;
constexpr const char* kFile = "libtopkit_cuda.so";

struct Loaded {
  const cuda::Engine* engine = nullptr;
  std::string trouble;
};

// The folder of the library or program that holds this function; "" when unknown.
std::string own_folder() {
  Dl_info where{};
  if (dladdr(reinterpret_cast<const void*>(&own_folder), &where) == 0 || where.dli_fname == nullptr) return "";
  const std::string path = where.dli_fname;
  const auto slash = path.rfind('/');
  return slash == std::string::npos ? "" : path.substr(0, slash + 1);
}

Loaded load() {
  Loaded result;
  if (topkit_cuda_engine != nullptr) {
    result.engine = topkit_cuda_engine();
  } else {
    std::vector<std::string> places;
    if (const std::string folder = own_folder(); !folder.empty()) places = {folder + kFile, folder + "../lib/" + kFile};
    places.emplace_back(kFile);
    void* library = nullptr;
    std::string words;
    for (const std::string& place : places) {
      library = dlopen(place.c_str(), RTLD_NOW | RTLD_LOCAL);  // never closed: the engine lives as long as the process
      if (library != nullptr) break;
      if (const char* word = dlerror()) words = word;
    }
    if (library == nullptr) {
      result.trouble = formatted(
          "x is on CUDA, but the CUDA engine could not be loaded ({}): build topkit with nvcc (-DTOPKIT_CUDA=ON) or "
          "install {} beside libtopkit",
          words, kFile);
      return result;
    }
    const auto entry = reinterpret_cast<cuda::Entry>(dlsym(library, cuda::kEntry));
    if (entry != nullptr) result.engine = entry();
  }
  if (result.engine == nullptr || result.engine->abi != cuda::kAbi) {
    result.trouble = formatted("{} does not belong to topkit {}: its interface is {}, {} is needed", kFile,
                               tk_version(), result.engine == nullptr ? 0 : result.engine->abi, cuda::kAbi);
    result.engine = nullptr;
  }
  return result;
}

struct Slot {
  std::mutex lock;
  std::atomic<bool> known = false;
  Device device;
};

void read_device(const cuda::Engine& engine, int ordinal, Slot& slot) {
  const int count = engine.device_count();
  if (count <= 0) fail(TK_UNSUPPORTED, "x is on cuda:{}: this machine has no usable CUDA device or driver", ordinal);
  if (ordinal >= count)
    invalid("x.device.device_id = {}: must be in 0..{}, this machine has {} CUDA devices", ordinal, count - 1, count);
  const char* message = engine.read_device(ordinal, &slot.device);
  if (message != nullptr && *message != '\0') fail(TK_DEVICE_ERROR, "CUDA: {}", message);
  slot.device.kind = DeviceKind::cuda;
  slot.device.ordinal = ordinal;
}

}  // namespace

const cuda::Engine& cuda::engine() {
  static const Loaded loaded = load();
  if (loaded.engine == nullptr) throw Failure(TK_UNSUPPORTED, loaded.trouble);
  return *loaded.engine;
}

const Device& cuda_device(int ordinal) {
  static std::array<Slot, kMaxDevices> slots;
  const cuda::Engine& engine = cuda::engine();
  if (ordinal < 0 || ordinal >= kMaxDevices)
    invalid("x.device.device_id = {}: must be in 0..{}", ordinal, kMaxDevices - 1);
  Slot& slot = slots[static_cast<std::size_t>(ordinal)];
  if (!slot.known.load(std::memory_order_acquire)) {
    const std::lock_guard<std::mutex> hold(slot.lock);
    if (!slot.known.load(std::memory_order_relaxed)) {
      read_device(engine, ordinal, slot);  // a throw leaves the slot to be tried again
      slot.known.store(true, std::memory_order_release);
    }
  }
  return slot.device;
}

}  // namespace topkit
