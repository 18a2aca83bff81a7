#include "trial.hpp"

#include <algorithm>
#include <array>
#include <cstring>
#include <sstream>

#include "distributions.hpp"

namespace topkit::gpu_test {
namespace {

constexpr std::byte kPoison{0xa5};
constexpr std::size_t kMargin = 256;  // poison on both sides of an output

using test::Ids;
using test::Shape;

DLDataType index_dl(IndexType type) { return {kDLInt, static_cast<std::uint8_t>(type == IndexType::i32 ? 32 : 64), 1}; }

std::uint64_t load(const std::byte* data, std::int64_t index, int size) {
  std::uint64_t raw = 0;
  std::memcpy(&raw, data + index * size, static_cast<std::size_t>(size));  // little-endian
  return raw;
}

void store(std::byte* data, std::int64_t index, int size, std::uint64_t raw) {
  std::memcpy(data + index * size, &raw, static_cast<std::size_t>(size));
}

std::int64_t load_index(const std::byte* data, std::int64_t index, int size) {
  const std::uint64_t raw = load(data, index, size);
  return size == 4 ? static_cast<std::int32_t>(raw) : static_cast<std::int64_t>(raw);
}

std::size_t round_up(std::size_t bytes) { return (bytes + 255) / 256 * 256; }

}  // namespace

const std::vector<std::string>& cuda_algorithms() {
  static const std::vector<std::string> names = [] {
    std::vector<std::string> all{""};
    for (std::int32_t i = 0; i < tk_algorithm_count(); ++i)
      if (tk_algorithm_device(i) == kDLCUDA) all.emplace_back(tk_algorithm_name(i));
    return all;
  }();
  return names;
}

Request for_cuda(Request r) {
  if (r.shape == Shape::spread || r.shape == Shape::axis_first || r.shape == Shape::axis_middle)
    r.shape = Shape::padded;
  if (r.shape == Shape::cube && r.rows % 2 != 0) r.shape = Shape::packed;
  if (r.cols == 0) r.shape = Shape::packed;
  return r;
}

std::int64_t Twin::extent() const {
  std::int64_t last = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0) return 0;
    last += (shape[i] - 1) * strides[i];
  }
  return last + 1;
}

std::int64_t Twin::row_offset(std::int64_t row) const {
  std::int64_t offset = 0;
  for (std::size_t i = shape.size() - 1; i-- > 0; row /= shape[i]) offset += row % shape[i] * strides[i];
  return offset;
}

DLTensor Twin::on_host() {
  return {host.data(), {kDLCPU, 0}, static_cast<std::int32_t>(shape.size()), type, shape.data(), strides.data(), 0};
}
DLTensor Twin::on_device() const {
  return {device,
          {kDLCUDA, 0},
          static_cast<std::int32_t>(shape.size()),
          type,
          const_cast<std::int64_t*>(shape.data()),
          const_cast<std::int64_t*>(strides.data()),
          0};
}

Trial::Trial(const Request& request) : request_(request) {
  const Request& r = request_;
  x_.type = info(r.dtype).dl;
  x_.shape = {r.rows, r.cols};
  x_.strides = {r.cols, 1};
  if (r.shape == Shape::cube) x_.shape = {r.rows / 2, 2, r.cols}, x_.strides = {2 * r.cols, r.cols, 1};
  if (r.shape == Shape::padded) x_.strides = {r.cols + 7, 1};
  if (r.shape == Shape::overlapping) x_.strides = {r.cols / 2 + 1, 1};
  if (r.shape == Shape::broadcast) x_.strides = {0, 1};
  for (Twin* output : {&values_, &indices_}) {
    output->shape = x_.shape;
    output->shape.back() = r.k;
    output->strides.assign(x_.shape.size(), 1);
    std::int64_t stride = r.k + (r.padded_output ? 3 : 0);
    for (std::size_t i = x_.shape.size() - 1; i-- > 0; stride *= x_.shape[i]) output->strides[i] = stride;
  }
  values_.type = x_.type;
  indices_.type = index_dl(r.index_type);
  make_input();
  make_row_arrays();
  solve_on_cpu();
}

void Trial::make_input() {
  const Request& r = request_;
  const DTypeInfo& type = info(r.dtype);
  const int size = bytes(r.dtype);
  const std::int64_t extent = x_.extent();
  x_.host.resize(static_cast<std::size_t>(extent * size));
  // What lies between the rows beats everything: reading it shows.
  for (std::int64_t i = 0; i < extent; ++i)
    store(x_.host.data(), i, size, r.largest ? type.worst_of_smallest : type.worst_of_largest);
  const bench::Distribution& distribution = *bench::find_distribution(r.distribution);
  std::vector<std::byte> row(static_cast<std::size_t>(r.cols * size) + 8);
  for (std::int64_t i = 0; i < r.rows && extent > 0; ++i) {
    bench::fill_row(distribution, r.dtype, r.seed, i, r.cols, row.data());
    std::memcpy(x_.host.data() + x_.row_offset(i) * size, row.data(), static_cast<std::size_t>(r.cols * size));
  }
}

void Trial::make_row_arrays() {
  const Request& r = request_;
  bench::Random random(r.seed + 2);
  const int size = r.row_type == IndexType::i32 ? 4 : 8;
  for (Twin* array : {&lengths_, &starts_, &row_k_}) {
    array->shape = {r.rows};
    array->strides = {1};
    array->type = index_dl(r.row_type);
    array->host.resize(static_cast<std::size_t>(r.rows * size));
  }
  spans_.clear();
  for (std::int64_t i = 0; i < r.rows; ++i) {
    const std::int64_t start = r.starts ? random.below(r.cols + 1) : 0;
    const std::int64_t room = r.cols - start;
    const std::array<std::int64_t, 6> lengths{0, r.k - 1, r.k, r.k + 1, room, random.below(room + 1)};
    const std::int64_t length =
        r.lengths ? std::clamp<std::int64_t>(lengths[static_cast<std::size_t>(random.below(6))], 0, room) : room;
    const std::int64_t count = r.row_k ? random.below(r.k + 1) : r.k;
    spans_.push_back({start, start + length, std::min(count, length)});
    store(starts_.host.data(), i, size, static_cast<std::uint64_t>(start));
    store(lengths_.host.data(), i, size, static_cast<std::uint64_t>(length));
    store(row_k_.host.data(), i, size, static_cast<std::uint64_t>(count));
  }
  bench::fill_row(*bench::find_distribution("normal"), r.dtype, r.seed + 3, 0, 1, &fill_);
  if (r.ids == Ids::none) return;
  const int id_size = r.index_type == IndexType::i32 ? 4 : 8;
  ids_.shape = {r.rows, r.cols};
  ids_.strides = {r.cols, 1};
  if (r.ids == Ids::per_column) ids_.shape = {r.cols}, ids_.strides = {1};
  ids_.type = index_dl(r.index_type);
  ids_.host.resize(static_cast<std::size_t>(ids_.extent() * id_size));
  for (std::int64_t i = 0; i < ids_.extent(); ++i)
    store(ids_.host.data(), i, id_size, random.bits() & ~std::uint64_t{0} >> (65 - 8 * id_size));
}

tk_options Trial::options(std::string_view algorithm, bool on_device) {
  const Request& r = request_;
  tk_options o;
  tk_options_init(&o);
  o.largest = r.largest ? 1 : 0;
  o.order = static_cast<std::int32_t>(r.order);
  o.nan = static_cast<std::int32_t>(r.nan);
  o.threads = 1;
  const auto point = [&](Twin& twin, DLTensor& dl) {
    dl = on_device ? twin.on_device() : twin.on_host();
    return &dl;
  };
  if (r.lengths) o.lengths = point(lengths_, lengths_dl_);
  if (r.starts) o.starts = point(starts_, starts_dl_);
  if (r.row_k) o.row_k = point(row_k_, row_k_dl_);
  if (r.ids != Ids::none) o.ids = point(ids_, ids_dl_);
  if (r.fill) o.fill = &fill_;
  algorithm_ = algorithm;
  if (!algorithm.empty()) o.algorithm = algorithm_.c_str();
  return o;
}

void Trial::solve_on_cpu() {
  const Request& r = request_;
  for (Twin* output : {&values_, &indices_}) {
    output->host.assign(static_cast<std::size_t>(output->extent() * output->type.bits / 8), kPoison);
  }
  const tk_options o = options("", false);
  const DLTensor x = x_.on_host();
  DLTensor values = values_.on_host(), indices = indices_.on_host();
  if (tk_topk(&x, r.k, &o, r.values ? &values : nullptr, r.indices ? &indices : nullptr, nullptr, nullptr) != TK_OK)
    throw std::runtime_error(name() + ": the CPU engine refuses: " + tk_last_error());
}

void Trial::upload(Arena& arena) {
  const Request& r = request_;
  const int size = bytes(r.dtype);
  const auto shift =
      r.edge == test::Edge::start ? 0 : static_cast<std::size_t>((1 + r.seed % 7) * static_cast<unsigned>(size));
  std::size_t total = round_up(x_.host.size() + shift) + 2 * kMargin;
  for (const Twin* twin : {&ids_, &lengths_, &starts_, &row_k_}) total += round_up(twin->host.size());
  std::byte* at = arena.inputs.reserve(total);
  const cudaStream_t stream = arena.stream.get();
  // On both sides of x lie values that beat everything (of types with such a byte; else large ones).
  check(cudaMemsetAsync(at, r.largest ? 0x7f : 0xff, total, stream), "cudaMemset");
  const auto copy = [&](Twin& twin, std::byte* to) {
    twin.device = to;
    check(cudaMemcpyAsync(to, twin.host.data(), twin.host.size(), cudaMemcpyHostToDevice, stream), "copying an input");
  };
  copy(x_, at + kMargin + shift);
  at += kMargin + round_up(x_.host.size() + shift) + kMargin;
  for (Twin* twin : {&ids_, &lengths_, &starts_, &row_k_}) {
    copy(*twin, at);
    at += round_up(twin->host.size());
  }
  const std::size_t value_bytes = round_up(values_.host.size()), index_bytes = round_up(indices_.host.size());
  outputs_bytes_ = value_bytes + index_bytes + 3 * kMargin;
  outputs_at_ = arena.outputs.reserve(outputs_bytes_);
  values_.device = outputs_at_ + kMargin;
  indices_.device = values_.device + value_bytes + kMargin;
}

void Trial::renew(std::uint64_t seed, Arena& arena) {
  request_.seed = seed;
  make_input();
  make_row_arrays();
  solve_on_cpu();
  for (Twin* twin : {&x_, &ids_, &lengths_, &starts_, &row_k_})
    if (!twin->host.empty())
      check(cudaMemcpyAsync(twin->device, twin->host.data(), twin->host.size(), cudaMemcpyHostToDevice,
                            arena.stream.get()),
            "renewing an input");
}

void Trial::poison(Arena&, cudaStream_t stream) {
  check(cudaMemsetAsync(outputs_at_, static_cast<int>(kPoison), outputs_bytes_, stream), "cudaMemset");
}

std::size_t Trial::workspace_bytes(std::string_view algorithm, Arena&) {
  const tk_options o = options(algorithm, true);
  const DLTensor x = x_.on_device(), values = values_.on_device(), indices = indices_.on_device();
  std::size_t needed = 0;
  const tk_status status = tk_topk_workspace(&x, request_.k, &o, request_.values ? &values : nullptr,
                                             request_.indices ? &indices : nullptr, &needed);
  return status == TK_OK ? needed : 0;
}

bool Trial::enqueue(std::string_view algorithm, Arena& arena, cudaStream_t stream) {
  const Request& r = request_;
  const std::size_t needed = workspace_bytes(algorithm, arena);
  const tk_options o = options(algorithm, true);
  const DLTensor x = x_.on_device();
  DLTensor values = values_.on_device(), indices = indices_.on_device();
  auto bytes = static_cast<std::int64_t>(needed);
  std::int64_t one = 1;
  DLTensor workspace{
      needed == 0 ? nullptr : arena.workspace.reserve_dirty(needed), {kDLCUDA, 0}, 1, {kDLUInt, 8, 1}, &bytes, &one, 0};
  const tk_status status = tk_topk(&x, r.k, &o, r.values ? &values : nullptr, r.indices ? &indices : nullptr,
                                   needed == 0 ? nullptr : &workspace, stream);
  if (status == TK_UNSUPPORTED && std::string_view(tk_last_error()).starts_with("algorithm = ")) return false;
  if (status != TK_OK) throw std::runtime_error(std::string(tk_status_name(status)) + ": " + tk_last_error());
  return true;
}

std::vector<Trial::Winner> Trial::winners(const Twin& values, const Twin& indices, std::byte* value_bytes,
                                          std::byte* index_bytes, std::int64_t row) const {
  const Request& r = request_;
  const int value_size = bytes(r.dtype), index_size = indices.type.bits / 8;
  std::vector<Winner> result(static_cast<std::size_t>(r.k), {0, 0});
  for (std::int64_t j = 0; j < r.k; ++j) {
    Winner& winner = result[static_cast<std::size_t>(j)];
    const std::int64_t v = values.row_offset(row) + j, i = indices.row_offset(row) + j;
    if (r.values) {
      winner.raw = load(value_bytes, v, value_size);
      std::memset(value_bytes + v * value_size, static_cast<int>(kPoison), static_cast<std::size_t>(value_size));
    }
    if (r.indices) {
      winner.index = load_index(index_bytes, i, index_size);
      std::memset(index_bytes + i * index_size, static_cast<int>(kPoison), static_cast<std::size_t>(index_size));
    }
  }
  if (r.order == Order::any)  // empty places still come last
    std::sort(result.begin(), result.begin() + spans_[static_cast<std::size_t>(row)].count);
  return result;
}

std::string Trial::difference(Arena& arena) {
  const Request& r = request_;
  std::vector<std::byte> found(outputs_bytes_);
  check(cudaMemcpyAsync(found.data(), outputs_at_, outputs_bytes_, cudaMemcpyDeviceToHost, arena.stream.get()),
        "copying the outputs");
  arena.stream.synchronize();
  std::byte* const found_values = found.data() + (values_.device - outputs_at_);
  std::byte* const found_indices = found.data() + (indices_.device - outputs_at_);
  std::vector<std::byte> wanted_values = values_.host, wanted_indices = indices_.host;
  for (std::int64_t row = 0; row < r.rows; ++row) {
    const std::vector<Winner> wanted = winners(values_, indices_, wanted_values.data(), wanted_indices.data(), row);
    const std::vector<Winner> actual = winners(values_, indices_, found_values, found_indices, row);
    const auto [w, a] = std::mismatch(wanted.begin(), wanted.end(), actual.begin());
    if (w == wanted.end()) continue;
    std::ostringstream text;
    const Span& span = spans_[static_cast<std::size_t>(row)];
    text << "row " << row << " [" << span.begin << ", " << span.end << ") wants " << span.count << ", place "
         << w - wanted.begin() << ": index " << a->index << " value 0x" << std::hex << a->raw << std::dec
         << ", the CPU has index " << w->index << " value 0x" << std::hex << w->raw;
    return text.str();
  }
  if (std::any_of(found.begin(), found.end(), [](std::byte b) { return b != kPoison; }))
    return "wrote where no winner belongs";
  return "";
}

std::string Trial::name() const {
  std::ostringstream text;
  text << request_;
  return text.str();
}

}  // namespace topkit::gpu_test
