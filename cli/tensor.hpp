// A tensor of a file: its type, extents and strides, and the mapping that keeps its bytes alive.
#pragma once

#include <dlpack/dlpack.h>

#include <cstddef>
#include <memory>
#include <string>

#include "cli/mapped_file.hpp"
#include "cli/shape.hpp"
#include "dtype.hpp"

namespace topkit::cli {

// What a header says of the bytes behind it: everything was checked against their number.
struct TensorView {
  DType dtype = DType::f32;
  Shape shape;
  Shape strides;           // in elements
  std::size_t offset = 0;  // of the first element, in bytes
  std::size_t size = 0;    // bytes of the tensor
};

class Tensor {
 public:
  Tensor(std::string name, std::shared_ptr<MappedFile> file, TensorView view);

  const std::string& name() const { return name_; }  // of the file, and of the tensor in it
  const TensorView& view() const { return view_; }
  DLTensor dl() const;  // borrows from this Tensor
  // Whether its bytes lie at a multiple of their element, as the library needs them; a header may be of any length.
  bool aligned() const { return view_.offset % static_cast<std::size_t>(bytes(view_.dtype)) == 0; }

 private:
  std::string name_;
  std::shared_ptr<MappedFile> file_;
  TensorView view_;
};

}  // namespace topkit::cli
