#include "validate.hpp"

#include <array>
#include <limits>
#include <span>

#include "arguments.hpp"
#include "options.hpp"
#include "status.hpp"

namespace topkit {
namespace {

constexpr std::int64_t kMaxCols = std::numeric_limits<std::int32_t>::max();
using CallTensors = Tensors<8>;

struct Selection {
  int axis = 0;
  std::int64_t rows = 1, cols = 0;
};

Selection select_axis(const Tensor& x, int axis) {
  if (x.rank == 0) invalid("x.ndim = 0: must be at least 1");
  if (axis < -x.rank || axis >= x.rank)
    invalid("axis = {}: must be in {}..{}, x has {} axes", axis, -x.rank, x.rank - 1, x.rank);
  Selection result;
  result.axis = axis < 0 ? axis + x.rank : axis;
  result.cols = x.shape[result.axis];
  if (result.cols > kMaxCols)
    invalid("x.shape[{}] = {}: the selected axis has at most {} elements", result.axis, result.cols, kMaxCols);
  bool empty = false;
  for (int i = 0; i < x.rank; ++i) empty = empty || (i != result.axis && x.shape[i] == 0);
  for (int i = 0; i < x.rank && !empty; ++i)
    if (i != result.axis && __builtin_mul_overflow(result.rows, x.shape[i], &result.rows))
      invalid("x.shape = {}: the number of rows must fit in 63 bits", shape_text(x.shape, x.rank));
  if (empty) result.rows = 0;
  return result;
}

void check_k(std::int64_t k, std::int64_t cols, bool padded) {
  if (k < 0) invalid("k = {}: must not be negative", k);
  if (!padded && k > cols) invalid("k = {}: must be in 0..{}, the length of the selected axis of x", k, cols);
  if (k > kMaxCols) invalid("k = {}: must be at most {}", k, kMaxCols);
}

// lengths, starts, row_k.
RowArray read_row_array(std::string_view name, const DLTensor& tensor, std::int64_t rows, Use use,
                        CallTensors& tensors) {
  RowArray result;
  result.type = index_type(name, required(name, &tensor));
  const Tensor& t = tensors.add(read_tensor(name, tensor, use));
  check_device(t, tensors.main());
  if (t.rank != 1 || t.shape[0] != rows)
    invalid("{}.shape = {}: must be [{}], one entry a row", name, shape_text(t.shape, t.rank), rows);
  result.data = t.data;
  result.stride = rows > 1 ? t.strides[0] : 1;
  return result;
}

// Where a kernel on the host would read wrong numbers, the caller hears of it instead of getting a clamped answer.
void check_row_contents(const Args& args) {
  const Problem& p = args.problem;
  for (std::int64_t r = 0; r < p.rows; ++r) {
    const std::int64_t start = args.starts.data != nullptr ? args.starts[r] : 0;
    if (start < 0 || start > p.cols) invalid("starts[{}] = {}: must be in 0..{}, the columns of x", r, start, p.cols);
    if (args.lengths.data != nullptr && (args.lengths[r] < 0 || args.lengths[r] > p.cols - start))
      invalid("lengths[{}] = {}: must be in 0..{}, the columns of x{}", r, args.lengths[r], p.cols - start,
              start > 0 ? " from starts on" : "");
    if (args.row_k.data != nullptr && (args.row_k[r] < 0 || args.row_k[r] > p.k))
      invalid("row_k[{}] = {}: must be in 0..{}, the k of the call", r, args.row_k[r], p.k);
  }
}

Layout read_ids(const DLTensor& tensor, const Problem& problem, Use use, CallTensors& tensors, const void** data) {
  if (index_type("ids", required("ids", &tensor)) != problem.index_type)
    invalid("ids.dtype = int{}: must be the type of indices, int{}", tensor.dtype.bits, 96 - tensor.dtype.bits);
  const Tensor& t = tensors.add(read_tensor("ids", tensor, use));
  check_device(t, tensors.main());
  const bool shared = t.rank == 1 && t.shape[0] == problem.cols;
  const bool by_row = t.rank == 2 && t.shape[0] == problem.rows && t.shape[1] == problem.cols;
  if (!shared && !by_row)
    invalid("ids.shape = {}: must be [{}] or [{}, {}]", shape_text(t.shape, t.rank), problem.cols, problem.rows,
            problem.cols);
  *data = t.data;
  const auto last = static_cast<std::size_t>(t.rank - 1);
  return {.inner = 1, .outer_stride = by_row ? t.strides[0] : 0, .inner_stride = 0, .col_stride = t.strides[last]};
}

// On CUDA a row is one stride from the next and its elements are neighbours, in the outputs as in x.
void check_cuda_strides(const Tensor* tensor, int axis) {
  if (tensor == nullptr || tensor->device != DeviceKind::cuda) return;
  const auto layout = layout_along(*tensor, axis);
  if (layout && layout->col_stride == 1 && layout->inner == 1) return;
  fail(TK_UNSUPPORTED, "{}.strides = {} with shape {}: on CUDA axis {} must have stride 1 and the others one stride",
       tensor->name, shape_text(tensor->strides.data(), tensor->rank), shape_text(tensor->shape, tensor->rank), axis);
}

// Layouts, and the slabs where two strides do not do. Last, because the Problem becomes that of one slab.
void lay_out(Call& call, const Tensor& x, const Tensor* values, const Tensor* indices, int axis) {
  for (const Tensor* tensor : {&x, values, indices}) check_cuda_strides(tensor, axis);
  Args& args = call.args;
  const int walked = axes_to_walk(x, values, indices, axis);
  args.problem.layout = *layout_along(x, axis, walked);
  if (values != nullptr) args.values_layout = *layout_along(*values, axis, walked);
  if (indices != nullptr) args.indices_layout = *layout_along(*indices, axis, walked);
  call.slabs = walk(x, values, indices, axis, walked, args.problem.rows);
  args.problem.rows = call.slabs.rows;
}

Tensor& read_output(const Tensor& output, const Selection& selection, std::int64_t k, CallTensors& tensors) {
  const Tensor& x = tensors.main();
  std::array<std::int64_t, kMaxRank> wanted;
  std::copy(x.shape, x.shape + x.rank, wanted.begin());
  wanted[static_cast<std::size_t>(selection.axis)] = k;
  if (output.rank != x.rank || !std::equal(output.shape, output.shape + output.rank, wanted.begin()))
    invalid("{}.shape = {}: must be {}", output.name, shape_text(output.shape, output.rank),
            shape_text(wanted.data(), x.rank));
  check_device(output, x);
  check_distinct_elements(output);
  Tensor& result = tensors.add(output);
  result.written = true;
  return result;
}

}  // namespace

Call validate(const Request& request, Use use) {
  const tk_options options = read_options(request.options);
  Call call;
  Args& args = call.args;
  Problem& p = args.problem;
  CallTensors tensors;

  p.dtype = element_type("x", required("x", request.x));
  const Tensor& x = tensors.add(read_tensor("x", *request.x, use));
  const Selection selection = select_axis(x, options.axis);
  p.device = x.device;
  p.rows = selection.rows;
  p.cols = selection.cols;
  p.k = request.k;
  p.order = static_cast<Order>(options.order);
  p.nan = static_cast<Nan>(options.nan);
  p.largest = options.largest != 0;
  p.has_lengths = options.lengths != nullptr || options.starts != nullptr;
  p.has_row_k = options.row_k != nullptr;
  p.has_ids = options.ids != nullptr;
  check_k(p.k, p.cols, p.has_lengths);
  // Kernels move the address they have, and C++ forbids that of a null one, which an empty tensor may have.
  alignas(16) static constexpr std::byte kNothing[16]{};
  args.x = x.elements == 0 && x.data == nullptr ? kNothing : x.data;
  call.ordinal = x.device_id;

  const bool both = use == Use::query && request.values == nullptr && request.indices == nullptr;
  p.wants_values = both || request.values != nullptr;
  p.wants_indices = both || request.indices != nullptr;
  if (!p.wants_values && !p.wants_indices) invalid("values = NULL and indices = NULL: at least one must be given");
  const Tensor *values = nullptr, *indices = nullptr;
  if (request.values != nullptr) {
    if (element_type("values", required("values", request.values)) != p.dtype)
      invalid("values.dtype = {}: must be the type of x, {}", name(*dtype_from(request.values->dtype)), name(p.dtype));
    values = &read_output(read_tensor("values", *request.values, use), selection, p.k, tensors);
    args.values = values->data;
  }
  if (request.indices != nullptr) {
    p.index_type = index_type("indices", required("indices", request.indices));
    indices = &read_output(read_tensor("indices", *request.indices, use), selection, p.k, tensors);
    args.indices = indices->data;
  } else if (both && p.has_ids) {
    p.index_type = index_type("ids", required("ids", options.ids));
  }

  if (options.lengths != nullptr) args.lengths = read_row_array("lengths", *options.lengths, p.rows, use, tensors);
  if (options.starts != nullptr) args.starts = read_row_array("starts", *options.starts, p.rows, use, tensors);
  if (options.row_k != nullptr) args.row_k = read_row_array("row_k", *options.row_k, p.rows, use, tensors);
  if (p.has_ids) {
    if (!p.wants_indices) invalid("ids: given, but indices = NULL leaves no place to write them");
    args.ids_layout = read_ids(*options.ids, p, use, tensors, &args.ids);
  }
  args.fill = fill_bits(options.fill, info(p.dtype), p.largest);
  call.wish = read_wish(options.algorithm, options.isa, options.threads, options.parallel_for, x);
  if (options.tuning != nullptr) call.tuning = &table_of(*options.tuning);
  call.pool = {options.parallel_for, options.pool};
  if (use == Use::run) {
    read_scratch(request, call, tensors);
    check_overlaps(tensors.all());
    if (p.device == DeviceKind::cpu && p.k > 0 && (p.has_lengths || p.has_row_k)) check_row_contents(args);
  }
  lay_out(call, x, values, indices, selection.axis);
  return call;
}

void check_workspace(const Call& call, const Plan& plan) {
  check_workspace(call.workspace, call.workspace_bytes, plan.workspace_bytes, "tk_topk_workspace");
}

}  // namespace topkit
