#include "cli/mapped_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstring>
#include <new>

#include "cli/error.hpp"

namespace topkit::cli {
namespace {

class Descriptor {
 public:
  Descriptor(int value, bool owned) : value_(value), owned_(owned) {}
  ~Descriptor() {
    if (owned_ && value_ >= 0) ::close(value_);
  }
  Descriptor(const Descriptor&) = delete;
  Descriptor& operator=(const Descriptor&) = delete;
  int get() const { return value_; }

 private:
  int value_;
  bool owned_;
};

std::byte* anonymous(std::size_t size) {
  void* memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_PRIVATE | MAP_ANONYMOUS, -1, 0);
  if (memory == MAP_FAILED) throw std::bad_alloc();
  return static_cast<std::byte*>(memory);
}

}  // namespace

MappedFile::MappedFile(const std::string& path) {
  const bool standard_input = path == "-";
  const std::string name = standard_input ? "standard input" : quote(path);
  const Descriptor file(standard_input ? STDIN_FILENO : ::open(path.c_str(), O_RDONLY | O_CLOEXEC), !standard_input);
  struct stat facts {};
  if (file.get() < 0 || ::fstat(file.get(), &facts) != 0)
    invalid("file {}: cannot be opened: {}", name, std::strerror(errno));
  if (S_ISDIR(facts.st_mode)) invalid("file {}: is a directory; give the files in it", name);
  if (S_ISREG(facts.st_mode) && (!standard_input || ::lseek(file.get(), 0, SEEK_CUR) == 0)) {
    map(file.get(), static_cast<std::size_t>(facts.st_size), name);
    return;
  }
  if (standard_input && ::isatty(file.get()) != 0)
    invalid("file '-': standard input is a terminal; redirect a file or a pipe into it");
  if (!standard_input && !S_ISREG(facts.st_mode) && !S_ISFIFO(facts.st_mode))
    invalid("file {}: is neither a file nor a pipe", name);
  read_all(file.get(), name);
}

MappedFile::MappedFile(std::size_t size) : size_(size), capacity_(size) {
  if (size != 0) data_ = anonymous(size);
}

MappedFile::~MappedFile() {
  if (data_ != nullptr) ::munmap(data_, capacity_);
}

void MappedFile::map(int descriptor, std::size_t size, std::string_view name) {
  if (size == 0) return;
  void* memory = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, descriptor, 0);
  if (memory == MAP_FAILED) io_error("file {}: {} bytes cannot be mapped: {}", name, size, std::strerror(errno));
  ::madvise(memory, size, MADV_SEQUENTIAL);
  data_ = static_cast<std::byte*>(memory);
  size_ = capacity_ = size;
}

void MappedFile::read_all(int descriptor, std::string_view name) {
  capacity_ = std::size_t{1} << 20;
  data_ = anonymous(capacity_);
  for (;;) {
    const ssize_t count = ::read(descriptor, data_ + size_, capacity_ - size_);
    if (count < 0 && errno == EINTR) continue;
    if (count < 0) io_error("file {}: cannot be read: {}", name, std::strerror(errno));
    if (count == 0) return;
    size_ += static_cast<std::size_t>(count);
    if (size_ < capacity_) continue;
    void* larger = ::mremap(data_, capacity_, capacity_ * 2, MREMAP_MAYMOVE);
    if (larger == MAP_FAILED) throw std::bad_alloc();
    data_ = static_cast<std::byte*>(larger);
    capacity_ *= 2;
  }
}

}  // namespace topkit::cli
