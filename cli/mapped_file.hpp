// The bytes of a file, mapped and not copied, so that a file larger than memory is read page by page. A pipe is read whole.
#pragma once

#include <cstddef>
#include <span>
#include <string>
#include <string_view>

namespace topkit::cli {

class MappedFile {
 public:
  // "-" is standard input. Throws Failure when the path is no readable file, IoError when reading fails.
  explicit MappedFile(const std::string& path);
  // Aligned memory of its own, zero-filled.
  explicit MappedFile(std::size_t size);
  ~MappedFile();
  MappedFile(const MappedFile&) = delete;
  MappedFile& operator=(const MappedFile&) = delete;

  std::span<const std::byte> bytes() const { return {data_, size_}; }
  std::byte* data() { return data_; }

 private:
  void map(int descriptor, std::size_t size, std::string_view name);
  void read_all(int descriptor, std::string_view name);

  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
  std::size_t capacity_ = 0;  // bytes that were mapped
};

}  // namespace topkit::cli
