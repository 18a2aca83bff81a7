// The tensors of one sampling call, read into what the arguments hold of them: arrays of one entry a row, lists, outputs.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>

#include "../arguments.hpp"
#include "../status.hpp"
#include "validate.hpp"

namespace topkit::sampling {

// Reads the tensors of one call, each of which must lie on the device of the first, the logits.
class Reader {
 public:
  explicit Reader(Use use) : use_(use) {}

  const Tensor& input(std::string_view name, const DLTensor* tensor) { return add(name, tensor, false); }
  const Tensor& output(std::string_view name, const DLTensor* tensor) {
    const Tensor& t = add(name, tensor, true);
    check_distinct_elements(t);
    return t;
  }
  const Tensor& logits() const { return tensors_.main(); }
  // Whether what an array holds can be looked at before the call runs.
  bool looks() const { return use_ == Use::run && logits().device == DeviceKind::cpu; }

  void scratch(const SampleRequest& request, SampleCall& call) {
    if (use_ == Use::query) return;
    read_scratch(request, call, tensors_);
    check_overlaps(tensors_.all());
  }

 private:
  const Tensor& add(std::string_view name, const DLTensor* tensor, bool written) {
    Tensor& t = tensors_.add(read_tensor(name, required(name, tensor), use_));
    t.written = written;
    check_device(t, logits());
    return t;
  }

  Use use_;
  Tensors<24> tensors_;
};

[[noreturn]] inline void wrong_shape(const Tensor& t, const std::string& wanted) {
  invalid("{}.shape = {}: must be {}", t.name, shape_text(t.shape, t.rank), wanted);
}

inline void check_type(const Tensor& t, bool right, std::string_view wanted) {
  if (!right) invalid("{}.dtype = (code {}, {} bits): must be {}", t.name, t.dtype.code, t.dtype.bits, wanted);
}
inline void check_f32(const Tensor& t) { check_type(t, t.dtype.code == kDLFloat && t.dtype.bits == 32, "float32"); }

inline IndexType id_type(const Tensor& t) {
  check_type(t, t.dtype.code == kDLInt && (t.dtype.bits == 32 || t.dtype.bits == 64), "int32 or int64");
  return t.dtype.bits == 32 ? IndexType::i32 : IndexType::i64;
}

inline void check_column(const Tensor& t, std::int64_t rows) {
  if (t.rank != 1 || t.shape[0] != rows) wrong_shape(t, formatted("[{}], one entry a row", rows));
}
inline void check_rows(const Tensor& t, std::int64_t rows) {
  if (t.rank != 2 || t.shape[0] != rows) wrong_shape(t, formatted("[{}, n]", rows));
}

inline PerRowF32 f32_rows(Reader& reader, std::string_view name, const DLTensor* tensor, float scalar,
                          std::int64_t rows) {
  if (tensor == nullptr) return {.value = scalar};
  const Tensor& t = reader.input(name, tensor);
  check_f32(t);
  check_column(t, rows);
  return {.value = scalar, .data = reinterpret_cast<const float*>(t.data), .stride = t.strides[0]};
}

inline PerRowU64 u64_rows(Reader& reader, std::string_view name, const DLTensor* tensor, std::uint64_t scalar,
                          std::int64_t rows) {
  if (tensor == nullptr) return {.value = scalar};
  const Tensor& t = reader.input(name, tensor);
  check_type(t, (t.dtype.code == kDLInt || t.dtype.code == kDLUInt) && t.dtype.bits == 64, "uint64 or int64");
  check_column(t, rows);
  return {.value = scalar, .data = reinterpret_cast<const std::uint64_t*>(t.data), .stride = t.strides[0]};
}

inline PerRowInt int_rows(Reader& reader, std::string_view name, const DLTensor* tensor, std::int64_t scalar,
                          std::int64_t rows) {
  if (tensor == nullptr) return {.value = scalar};
  const Tensor& t = reader.input(name, tensor);
  const IndexType type = id_type(t);
  check_column(t, rows);
  return {.value = scalar, .data = t.data, .type = type, .stride = t.strides[0]};
}

// [n] or [rows, n].
inline void check_list(const Tensor& t, std::int64_t rows) {
  if (t.rank != 1 && (t.rank != 2 || t.shape[0] != rows)) wrong_shape(t, formatted("[n] or [{}, n]", rows));
}
inline std::int64_t list_row_stride(const Tensor& t) { return t.rank == 1 ? 0 : t.strides[0]; }
inline std::int64_t last_stride(const Tensor& t) { return t.strides[static_cast<std::size_t>(t.rank - 1)]; }

inline IdLists id_lists(const Tensor& t, std::int64_t rows) {
  const IndexType type = id_type(t);
  check_list(t, rows);
  return {.data = t.data,
          .type = type,
          .row_stride = list_row_stride(t),
          .stride = last_stride(t),
          .count = t.shape[t.rank - 1]};
}

template <class T>
Output<T> output_of(const Tensor& t) {
  return {.data = reinterpret_cast<T*>(t.data), .row_stride = t.strides[0], .stride = t.rank == 1 ? 0 : t.strides[1]};
}
inline IdOutput id_output_of(const Tensor& t) {
  return {.data = t.data, .type = id_type(t), .row_stride = t.strides[0], .stride = t.rank == 1 ? 0 : t.strides[1]};
}

inline Output<float> f32_column(Reader& reader, std::string_view name, const DLTensor* tensor, std::int64_t rows) {
  const Tensor& t = reader.output(name, tensor);
  check_f32(t);
  check_column(t, rows);
  return output_of<float>(t);
}

}  // namespace topkit::sampling
