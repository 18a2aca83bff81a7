// Memory between two pages that nobody may touch: a read or write past either end kills the test at the very
// instruction.
#pragma once

#include <sys/mman.h>
#include <unistd.h>

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <new>
#include <span>

namespace topkit::test {

enum class Edge : std::uint8_t { end, start };  // the guard page that the data touches

class GuardedBuffer {
 public:
  GuardedBuffer() = default;
  GuardedBuffer(const GuardedBuffer&) = delete;
  GuardedBuffer& operator=(const GuardedBuffer&) = delete;
  ~GuardedBuffer() { release(); }

  // `bytes` that touch the guard page of `edge`, shifted away from it by `shift` bytes. Earlier places become invalid;
  // the content is unspecified.
  std::byte* place(std::size_t bytes, Edge edge, std::size_t shift = 0) {
    reserve(bytes + shift);
    unlock();
    data_ = edge == Edge::end ? base_ + page() + room_ - shift - bytes : base_ + page() + shift;
    bytes_ = bytes;
    return data_;
  }

  // The whole room becomes read-only: a write anywhere in it is caught.
  void lock() {
    ::mprotect(base_ + page(), room_, PROT_READ);
    locked_ = true;
  }
  void unlock() {
    if (locked_) ::mprotect(base_ + page(), room_, PROT_READ | PROT_WRITE);
    locked_ = false;
  }

  void fill(std::uint8_t byte) { std::memset(data_, byte, bytes_); }
  std::byte* data() const { return data_; }
  std::span<const std::byte> content() const { return {data_, bytes_}; }

 private:
  static std::size_t page() {
    static const auto size = static_cast<std::size_t>(::sysconf(_SC_PAGESIZE));
    return size;
  }
  void reserve(std::size_t bytes) {
    if (base_ != nullptr && bytes <= room_) return;
    release();
    room_ = (std::max<std::size_t>(bytes + bytes / 2, 1) + page() - 1) / page() * page();
    void* base = ::mmap(nullptr, room_ + 2 * page(), PROT_NONE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
    if (base == MAP_FAILED) throw std::bad_alloc();
    base_ = static_cast<std::byte*>(base);
    locked_ = true;
    unlock();
  }
  void release() {
    if (base_ != nullptr) ::munmap(base_, room_ + 2 * page());
    base_ = nullptr;
  }

  std::byte* base_ = nullptr;
  std::byte* data_ = nullptr;
  std::size_t room_ = 0, bytes_ = 0;
  bool locked_ = false;
};

}  // namespace topkit::test
