#include "cli/output_file.hpp"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>
#include <utility>

#include "cli/error.hpp"

namespace topkit::cli {

OutputFile::OutputFile(std::string path, std::size_t size)
    : path_(std::move(path)), temporary_(formatted("{}.{}.tmp", path_, ::getpid())), size_(size) {
  struct stat facts {};
  if (::stat(path_.c_str(), &facts) == 0 && !S_ISREG(facts.st_mode))
    invalid("output file {}: exists and is no file", quote(path_));
  removed_ = std::make_unique<RemovedOnSignal>(temporary_);
  const int file = ::open(temporary_.c_str(), O_RDWR | O_CREAT | O_TRUNC | O_CLOEXEC, 0666);
  if (file < 0) invalid("output file {}: cannot be written: {}", quote(path_), std::strerror(errno));
  int trouble = ::posix_fallocate(file, 0, static_cast<off_t>(size));
  void* memory = MAP_FAILED;
  if (trouble == 0) {
    memory = ::mmap(nullptr, size, PROT_READ | PROT_WRITE, MAP_SHARED, file, 0);
    if (memory == MAP_FAILED) trouble = errno;
  }
  ::close(file);
  if (trouble != 0) {
    ::unlink(temporary_.c_str());
    io_error("output file {}: {} bytes cannot be had: {}", quote(path_), size, std::strerror(trouble));
  }
  data_ = static_cast<std::byte*>(memory);
}

OutputFile::~OutputFile() { discard(); }

void OutputFile::discard() {
  if (data_ == nullptr) return;
  ::munmap(data_, size_);
  ::unlink(temporary_.c_str());
  data_ = nullptr;
}

void OutputFile::commit() {
  // A disk that fails is heard of here, before the old file is gone.
  if (::msync(data_, size_, MS_SYNC) != 0 || std::rename(temporary_.c_str(), path_.c_str()) != 0) {
    const int trouble = errno;
    discard();
    io_error("output file {}: cannot be written: {}", quote(path_), std::strerror(trouble));
  }
  ::munmap(data_, size_);
  data_ = nullptr;
}

}  // namespace topkit::cli
