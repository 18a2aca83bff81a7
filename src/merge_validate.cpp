#include <array>
#include <limits>

#include "arguments.hpp"
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

using MergeTensors = Tensors<5>;

MergeArgs::Cube cube_of(const Tensor& t) { return {t.data, t.strides[0], t.strides[1], t.strides[2]}; }

const Tensor& read_merged(std::string_view name, const DLTensor& tensor, const MergeArgs& args, MergeTensors& tensors) {
  Tensor t = read_tensor(name, tensor, Use::run);
  if (t.rank != 2 || t.shape[0] != args.rows || t.shape[1] != args.k)
    invalid("{}.shape = {}: must be [{}, {}]", name, shape_text(t.shape, t.rank), args.rows, args.k);
  check_device(t, tensors.main());
  check_distinct_elements(t);
  t.written = true;
  return tensors.add(t);
}

// Kernels count the candidates of a row in 32 bits.
void check_cuda_candidates(const MergeArgs& args, std::int64_t candidates) {
  constexpr std::int64_t kMost = std::numeric_limits<std::int32_t>::max();
  if (args.device == DeviceKind::cuda && candidates > kMost)
    fail(TK_UNSUPPORTED, "values.shape = [{}, {}, {}]: on CUDA a row has at most {} candidates (parts * width)",
         args.parts, args.rows, args.width, kMost);
}

}  // namespace

MergeCall validate_merge(const MergeRequest& request, Use use) {
  const tk_options options = read_merge_options(request.options);
  MergeCall call;
  MergeArgs& args = call.args;
  MergeTensors tensors;
  args.dtype = element_type("values", required("values", request.values));
  args.id_type = index_type("ids", required("ids", request.ids));
  const Tensor& values = tensors.add(read_tensor("values", *request.values, use));
  const Tensor& ids = tensors.add(read_tensor("ids", *request.ids, use));
  args.device = values.device;
  call.ordinal = values.device_id;
  if (values.rank != 3)
    invalid("values.shape = {}: must be [parts, rows, width]", shape_text(values.shape, values.rank));
  if (ids.rank != 3 || !std::equal(ids.shape, ids.shape + 3, values.shape))
    invalid("ids.shape = {}: must be the shape of values, {}", shape_text(ids.shape, ids.rank),
            shape_text(values.shape, values.rank));
  check_device(ids, values);
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
  check_cuda_candidates(args, candidates);
  args.k = request.k;
  args.order = static_cast<Order>(options.order);
  args.nan = static_cast<Nan>(options.nan);
  args.largest = options.largest != 0;
  call.threads = options.threads;
  call.pool = {options.parallel_for, options.pool};
  args.fill = fill_bits(options.fill, info(args.dtype), args.largest);
  if (use == Use::query) return call;

  if (request.out_values == nullptr && request.out_ids == nullptr)
    invalid("out_values = NULL and out_ids = NULL: at least one must be given");
  if (request.out_values != nullptr) {
    if (element_type("out_values", required("out_values", request.out_values)) != args.dtype)
      invalid("out_values.dtype = {}: must be the type of values, {}", name(*dtype_from(request.out_values->dtype)),
              name(args.dtype));
    const Tensor& t = read_merged("out_values", *request.out_values, args, tensors);
    args.out_values = {t.data, t.strides[0], t.strides[1]};
  }
  if (request.out_ids != nullptr) {
    if (index_type("out_ids", required("out_ids", request.out_ids)) != args.id_type)
      invalid("out_ids.dtype = int{}: must be the type of ids, int{}", request.out_ids->dtype.bits,
              request.ids->dtype.bits);
    const Tensor& t = read_merged("out_ids", *request.out_ids, args, tensors);
    args.out_ids = {t.data, t.strides[0], t.strides[1]};
  }
  read_scratch(request, call, tensors);
  check_overlaps(tensors.all());
  return call;
}

}  // namespace topkit
