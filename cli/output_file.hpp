// A file that appears whole or not at all: written under another name, renamed at the end.
#pragma once

#include <cstddef>
#include <memory>
#include <string>

#include "cli/interrupt.hpp"

namespace topkit::cli {

class OutputFile {
 public:
  // `size` bytes that are really there, so that a full disk is an error here and not later. Throws IoError, or Failure
  // when the folder is wrong.
  OutputFile(std::string path, std::size_t size);
  ~OutputFile();
  OutputFile(const OutputFile&) = delete;
  OutputFile& operator=(const OutputFile&) = delete;

  std::byte* data() { return data_; }
  const std::string& path() const { return path_; }
  void commit();

 private:
  void discard();

  std::string path_, temporary_;
  std::unique_ptr<RemovedOnSignal> removed_;
  std::byte* data_ = nullptr;
  std::size_t size_ = 0;
};

}  // namespace topkit::cli
