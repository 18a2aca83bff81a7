#include "tensor.hpp"

#include <algorithm>
#include <limits>

#include "status.hpp"

namespace topkit {
namespace {

constexpr std::int64_t kMax = std::numeric_limits<std::int64_t>::max();

std::string type_text(DLDataType type) {
  return formatted("(code {}, {} bits, {} lanes)", type.code, type.bits, type.lanes);
}

void read_device(Tensor& result, const DLTensor& tensor) {
  result.device_id = tensor.device.device_id;
  switch (static_cast<int>(tensor.device.device_type)) {
    case kDLCPU:
    case kDLCUDAHost: result.device = DeviceKind::cpu; return;
    case kDLCUDA: result.device = DeviceKind::cuda; return;
    case kDLCUDAManaged:
      result.device = DeviceKind::cuda;
      result.managed = true;
      return;
  }
  invalid("{}.device.device_type = {}: must be kDLCPU (1), kDLCUDAHost (3), kDLCUDA (2) or kDLCUDAManaged (13)",
          result.name, static_cast<int>(tensor.device.device_type));
}

void read_strides(Tensor& result, const DLTensor& tensor) {
  if (tensor.strides == nullptr) {
    std::int64_t stride = 1;  // cannot overflow: the elements were counted
    for (int axis = result.rank - 1; axis >= 0; --axis) {
      result.strides[static_cast<std::size_t>(axis)] = stride;
      stride *= std::max<std::int64_t>(result.elements == 0 ? 1 : tensor.shape[axis], 1);
    }
    return;
  }
  for (int axis = 0; axis < result.rank; ++axis) {
    if (tensor.strides[axis] < 0)
      invalid("{}.strides[{}] = {}: strides must not be negative", result.name, axis, tensor.strides[axis]);
    result.strides[static_cast<std::size_t>(axis)] = tensor.strides[axis];
  }
}

// Elements and extent, both within 63 bits of bytes.
void measure(Tensor& result) {
  const std::int64_t size = result.element_bytes();
  std::int64_t last = 0;  // offset of the last element
  for (int axis = 0; axis < result.rank && result.elements > 0; ++axis) {
    std::int64_t step = 0;
    if (__builtin_mul_overflow(result.shape[axis] - 1, result.strides[static_cast<std::size_t>(axis)], &step) ||
        __builtin_add_overflow(last, step, &last))
      invalid("{}.strides[{}] = {} over {} elements: offsets must fit in 63 bits", result.name, axis,
              result.strides[static_cast<std::size_t>(axis)], result.shape[axis]);
  }
  if (result.elements == 0) return;
  if (last >= kMax / size)
    invalid("{}: spans {} elements of {} bytes: offsets must fit in 63 bits", result.name, last, size);
  result.extent_bytes = (last + 1) * size;
}

void read_data(Tensor& result, const DLTensor& tensor) {
  if (result.elements == 0) return;
  if (tensor.data == nullptr)
    invalid("{}.data = NULL: shape {} needs {} elements", result.name, shape_text(result.shape, result.rank),
            result.elements);
  const auto base = reinterpret_cast<std::uintptr_t>(tensor.data);
  std::uintptr_t first = 0;
  std::uintptr_t end = 0;
  if (__builtin_add_overflow(base, tensor.byte_offset, &first) ||
      __builtin_add_overflow(first, static_cast<std::uintptr_t>(result.extent_bytes), &end))
    invalid("{}.byte_offset = {}: the tensor would reach beyond the address space", result.name, tensor.byte_offset);
  if (first % static_cast<std::uintptr_t>(result.element_bytes()) != 0)
    invalid("{}.data = {:#x} (with byte_offset): must be a multiple of the element size, {} bytes", result.name, first,
            result.element_bytes());
  result.data = static_cast<std::byte*>(tensor.data) + tensor.byte_offset;
}

// Every axis from `first` on but `skip` as few (length, stride) pairs, outermost first; nothing beyond `Limit`.
struct Run {
  std::int64_t length = 1, stride = 0;
};
template <std::size_t Limit>
std::optional<std::size_t> runs_of(const Tensor& tensor, int first, int skip, std::array<Run, Limit>& runs) {
  std::size_t count = 0;
  for (int axis = first; axis < tensor.rank; ++axis) {
    const std::int64_t length = tensor.shape[axis];
    const std::int64_t stride = tensor.strides[static_cast<std::size_t>(axis)];
    if (axis == skip || length == 1) continue;
    if (count > 0 && runs[count - 1].stride == length * stride) {
      runs[count - 1] = {runs[count - 1].length * length, stride};
      continue;
    }
    if (count == Limit) return std::nullopt;
    runs[count++] = {length, stride};
  }
  return count;
}

}  // namespace

std::string shape_text(const std::int64_t* shape, int rank) {
  return formatted("[{}]", fmt::join(shape, shape + rank, ", "));
}

std::string device_name(const Tensor& tensor) {
  return tensor.device == DeviceKind::cpu ? "cpu" : formatted("cuda:{}", tensor.device_id);
}

const DLTensor& required(std::string_view name, const DLTensor* tensor) {
  if (tensor == nullptr) invalid("{} = NULL: a tensor is required", name);
  if (tensor->dtype.lanes != 1)
    invalid("{}.dtype.lanes = {}: vector types are not supported, lanes must be 1", name, tensor->dtype.lanes);
  return *tensor;
}

DType element_type(std::string_view name, const DLTensor& tensor) {
  if (const auto dtype = dtype_from(tensor.dtype)) return *dtype;
  std::string names;
  for (int i = 0; i < kDTypes; ++i) names += formatted("{}{}", i == 0 ? "" : " ", topkit::name(static_cast<DType>(i)));
  invalid("{}.dtype = {}: must be one of {}", name, type_text(tensor.dtype), names);
}

IndexType index_type(std::string_view name, const DLTensor& tensor) {
  if (tensor.dtype.code == kDLInt && tensor.dtype.bits == 32) return IndexType::i32;
  if (tensor.dtype.code == kDLInt && tensor.dtype.bits == 64) return IndexType::i64;
  invalid("{}.dtype = {}: must be int32 or int64", name, type_text(tensor.dtype));
}

Tensor read_tensor(std::string_view name, const DLTensor& tensor, Use use) {
  Tensor result;
  result.name = name;
  read_device(result, tensor);
  result.dtype = tensor.dtype;
  if (tensor.ndim < 0 || tensor.ndim > kMaxRank) invalid("{}.ndim = {}: must be in 0..{}", name, tensor.ndim, kMaxRank);
  if (tensor.ndim > 0 && tensor.shape == nullptr) invalid("{}.shape = NULL: ndim is {}", name, tensor.ndim);
  result.rank = tensor.ndim;
  result.shape = tensor.shape;
  result.elements = 1;
  for (int axis = 0; axis < tensor.ndim; ++axis) {
    if (tensor.shape[axis] < 0) invalid("{}.shape[{}] = {}: must not be negative", name, axis, tensor.shape[axis]);
    if (tensor.shape[axis] == 0) result.elements = 0;
  }
  for (int axis = 0; axis < tensor.ndim && result.elements > 0; ++axis)
    if (__builtin_mul_overflow(result.elements, tensor.shape[axis], &result.elements) ||
        result.elements > kMax / result.element_bytes())
      invalid("{}.shape = {}: the bytes of all elements must fit in 63 bits", name,
              shape_text(tensor.shape, tensor.ndim));
  read_strides(result, tensor);
  measure(result);
  if (use == Use::run) read_data(result, tensor);
  return result;
}

std::optional<Layout> layout_along(const Tensor& tensor, int axis, int walked) {
  Layout layout;
  if (tensor.elements == 0) return layout;
  if (tensor.shape[axis] > 1) layout.col_stride = tensor.strides[static_cast<std::size_t>(axis)];
  std::array<Run, 2> runs{};
  const auto count = runs_of(tensor, walked, axis, runs);
  if (!count) return std::nullopt;
  if (*count == 2) {
    layout.inner = runs[1].length;
    layout.outer_stride = runs[0].stride;
    layout.inner_stride = runs[1].stride;
  } else {
    layout.outer_stride = runs[0].stride;
  }
  return layout;
}

void check_distinct_elements(const Tensor& tensor) {
  if (tensor.elements <= 1) return;
  // Elements are distinct when every stride, from the smallest up, is beyond the reach of those before it.
  std::array<int, kMaxRank> axes;
  std::size_t count = 0;
  for (int axis = tensor.rank - 1; axis >= 0; --axis)  // already in order when row-major
    if (tensor.shape[axis] > 1) axes[count++] = axis;
  const auto stride = [&](int axis) { return tensor.strides[static_cast<std::size_t>(axis)]; };
  std::sort(axes.begin(), axes.begin() + count, [&](int a, int b) { return stride(a) < stride(b); });
  std::int64_t reach = 0;  // offset of the last element of the axes before
  for (std::size_t i = 0; i < count; ++i) {
    if (stride(axes[i]) <= reach)
      invalid("{}.strides = {} with shape {}: elements of an output must not share memory", tensor.name,
              shape_text(tensor.strides.data(), tensor.rank), shape_text(tensor.shape, tensor.rank));
    reach += (tensor.shape[axes[i]] - 1) * stride(axes[i]);
  }
}

bool apart(const Tensor& a, const Tensor& b) {
  if (a.extent_bytes == 0 || b.extent_bytes == 0 || a.data == nullptr || b.data == nullptr) return true;
  const auto begin_a = reinterpret_cast<std::uintptr_t>(a.data);
  const auto begin_b = reinterpret_cast<std::uintptr_t>(b.data);
  const auto bytes_a = static_cast<std::uintptr_t>(a.extent_bytes);
  const auto bytes_b = static_cast<std::uintptr_t>(b.extent_bytes);
  if (begin_a + bytes_a <= begin_b || begin_b + bytes_b <= begin_a) return true;
  // Columns of one matrix: both repeat with the same period in bytes, and within a period they do not meet.
  std::array<Run, 2> runs_a{}, runs_b{};
  const auto count_a = runs_of(a, 0, -1, runs_a);
  const auto count_b = runs_of(b, 0, -1, runs_b);
  if (!count_a || !count_b || *count_a != 2 || *count_b != 2) return false;
  const auto period = static_cast<std::uintptr_t>(runs_a[0].stride * a.element_bytes());
  if (period == 0 || period != static_cast<std::uintptr_t>(runs_b[0].stride * b.element_bytes())) return false;
  const auto width = [](const Tensor& t, const Run& run) {
    return static_cast<std::uintptr_t>(((run.length - 1) * run.stride + 1) * t.element_bytes());
  };
  const std::uintptr_t width_a = width(a, runs_a[1]), width_b = width(b, runs_b[1]);
  const std::uintptr_t shift =
      begin_b >= begin_a ? (begin_b - begin_a) % period : (period - (begin_a - begin_b) % period) % period;
  return shift >= width_a && shift + width_b <= period;
}

}  // namespace topkit
