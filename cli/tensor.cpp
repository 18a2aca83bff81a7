#include "cli/tensor.hpp"

#include <utility>

namespace topkit::cli {

Tensor::Tensor(std::string name, std::shared_ptr<MappedFile> file, TensorView view)
    : name_(std::move(name)), file_(std::move(file)), view_(std::move(view)) {}

DLTensor Tensor::dl() const {
  DLTensor tensor{};
  // The library only reads x; DLPack has no const.
  tensor.data = const_cast<std::byte*>(file_->bytes().data() + view_.offset);
  tensor.device = {kDLCPU, 0};
  tensor.ndim = static_cast<int>(view_.shape.size());
  tensor.dtype = info(view_.dtype).dl;
  tensor.shape = const_cast<std::int64_t*>(view_.shape.data());
  tensor.strides = const_cast<std::int64_t*>(view_.strides.data());
  return tensor;
}

}  // namespace topkit::cli
