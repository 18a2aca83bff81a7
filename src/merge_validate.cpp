#include <array>
#include <cstring>
#include <limits>
#include <span>

#include "merge.hpp"
#include "options.hpp"
#include "status.hpp"

namespace topkit {
namespace {

tk_options read_merge_options(const tk_options* options) {
  const tk_options result = read_options(options);
  if (result.axis != -1) invalid("axis = {}: must be unset, parts are merged along the last axis", result.axis);
  const std::array<std::pair<const char*, const void*>, 7> unused{{{"lengths", result.lengths},
                                                                   {"starts", result.starts},
                                                                   {"row_k", result.row_k},
                                                                   {"ids of the options", result.ids},
                                                                   {"algorithm", result.algorithm},
                                                                   {"isa", result.isa},
                                                                   {"tuning", result.tuning}}};
  for (const auto& [name, pointer] : unused)
    if (pointer != nullptr) invalid("{}: must be unset, merging does not use it", name);
  return result;
}

void check_same_device(const Tensor& tensor, const Tensor& values) {
  if (tensor.device != values.device || (tensor.device == DeviceKind::cuda && tensor.device_id != values.device_id))
    invalid("{} is on {}: all tensors must be on the device of values, {}", tensor.name, device_name(tensor),
            device_name(values));
}

MergeArgs::Cube cube_of(const Tensor& t) { return {t.data, t.strides[0], t.strides[1], t.strides[2]}; }

Tensor read_merged(std::string_view name, const DLTensor& tensor, const MergeArgs& args, const Tensor& values) {
  const Tensor t = read_tensor(name, tensor, Use::run);
  if (t.rank != 2 || t.shape[0] != args.rows || t.shape[1] != args.k)
    invalid("{}.shape = {}: must be [{}, {}]", name, shape_text(t.shape, t.rank), args.rows, args.k);
  check_same_device(t, values);
  check_distinct_elements(t);
  return t;
}

void check_no_overlap(std::span<const Tensor> inputs, std::span<const Tensor> outputs) {
  for (std::size_t i = 0; i < outputs.size(); ++i) {
    for (const Tensor& input : inputs)
      if (!apart(outputs[i], input))
        invalid("{} overlaps {}: outputs must not share memory with any other argument", outputs[i].name, input.name);
    for (std::size_t j = 0; j < i; ++j)
      if (!apart(outputs[i], outputs[j]))
        invalid("{} overlaps {}: outputs must not share memory with any other argument", outputs[i].name,
                outputs[j].name);
  }
}

}  // namespace

MergeArgs validate_merge(const MergeRequest& request, Use use) {
  const tk_options options = read_merge_options(request.options);
  MergeArgs args;
  args.dtype = element_type("values", required("values", request.values));
  args.id_type = index_type("ids", required("ids", request.ids));
  const std::array inputs{read_tensor("values", *request.values, use), read_tensor("ids", *request.ids, use)};
  const auto& [values, ids] = inputs;
  args.device = values.device;
  if (values.rank != 3)
    invalid("values.shape = {}: must be [parts, rows, width]", shape_text(values.shape, values.rank));
  if (ids.rank != 3 || !std::equal(ids.shape, ids.shape + 3, values.shape))
    invalid("ids.shape = {}: must be the shape of values, {}", shape_text(ids.shape, ids.rank),
            shape_text(values.shape, values.rank));
  check_same_device(ids, values);
  args.parts = values.shape[0];
  args.rows = values.shape[1];
  args.width = values.shape[2];
  args.values = cube_of(values);
  args.ids = cube_of(ids);

  std::int64_t candidates = 0;
  if (__builtin_mul_overflow(args.parts, args.width, &candidates))
    candidates = std::numeric_limits<std::int64_t>::max();
  if (request.k < 0 || request.k > candidates)
    invalid("k = {}: must be in 0..{}, the candidates of a row (parts * width)", request.k, candidates);
  args.k = request.k;
  args.order = static_cast<Order>(options.order);
  args.nan = static_cast<Nan>(options.nan);
  args.largest = options.largest != 0;
  args.threads = options.threads;
  args.pool = {options.parallel_for, options.pool};
  const DTypeInfo& type = info(args.dtype);
  args.fill = args.largest ? type.worst_of_largest : type.worst_of_smallest;
  if (options.fill != nullptr) {
    args.fill = 0;
    std::memcpy(&args.fill, options.fill, static_cast<std::size_t>(type.bits / 8));  // little-endian
  }
  if (args.device == DeviceKind::cuda) fail(TK_UNSUPPORTED, "values is on CUDA: merging runs on the CPU only");
  if (use == Use::query) return args;

  if (request.out_values == nullptr && request.out_ids == nullptr)
    invalid("out_values = NULL and out_ids = NULL: at least one must be given");
  std::array<Tensor, 2> outputs;
  std::size_t count = 0;
  if (request.out_values != nullptr) {
    if (element_type("out_values", required("out_values", request.out_values)) != args.dtype)
      invalid("out_values.dtype = {}: must be the type of values, {}", name(*dtype_from(request.out_values->dtype)),
              name(args.dtype));
    const Tensor& t = outputs[count++] = read_merged("out_values", *request.out_values, args, values);
    args.out_values = {t.data, t.strides[0], t.strides[1]};
  }
  if (request.out_ids != nullptr) {
    if (index_type("out_ids", required("out_ids", request.out_ids)) != args.id_type)
      invalid("out_ids.dtype = int{}: must be the type of ids, int{}", request.out_ids->dtype.bits,
              request.ids->dtype.bits);
    const Tensor& t = outputs[count++] = read_merged("out_ids", *request.out_ids, args, values);
    args.out_ids = {t.data, t.strides[0], t.strides[1]};
  }
  check_no_overlap(inputs, std::span(outputs.data(), count));
  if (request.workspace != nullptr &&
      read_tensor("workspace", required("workspace", request.workspace), use).elements != 0)
    invalid("workspace: must be NULL on the CPU, where scratch is the calling thread's");
  if (request.stream != nullptr) invalid("stream: must be NULL on the CPU");
  return args;
}

}  // namespace topkit
