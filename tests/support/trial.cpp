#include "trial.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "distributions.hpp"
#include "oracle.hpp"

namespace topkit::test {
namespace {

constexpr std::uint8_t kPoison = 0xa5;

DLDataType index_dl(IndexType type) { return {kDLInt, static_cast<std::uint8_t>(type == IndexType::i32 ? 32 : 64), 1}; }

void store_raw(void* data, std::int64_t index, int size, std::uint64_t raw) {
  std::memcpy(static_cast<char*>(data) + index * size, &raw, static_cast<std::size_t>(size));  // little-endian
}

std::int64_t load_index(const void* data, std::int64_t index, IndexType type) {
  if (type == IndexType::i32) {
    std::int32_t value = 0;
    std::memcpy(&value, static_cast<const char*>(data) + index * 4, 4);
    return value;
  }
  std::int64_t value = 0;
  std::memcpy(&value, static_cast<const char*>(data) + index * 8, 8);
  return value;
}

std::vector<std::int64_t> packed_strides(const std::vector<std::int64_t>& shape, std::int64_t gap) {
  std::vector<std::int64_t> strides(shape.size(), 1);
  for (std::size_t i = shape.size() - 1; i > 0; --i)
    strides[i - 1] = strides[i] * shape[i] + (i + 1 == shape.size() ? gap : 0);
  return strides;
}

}  // namespace

std::ostream& operator<<(std::ostream& out, const Engine& engine) {
  return out << (engine.device == kDLCUDA ? "cuda:" + std::to_string(engine.ordinal) + " " : "")
             << (engine.algorithm.empty() ? "planned" : engine.algorithm) << "/"
             << (engine.isa.empty() ? "best" : engine.isa) << " threads=" << engine.threads
             << (engine.parallel_for != nullptr ? " lent pool" : "");
}

const std::vector<Engine>& cpu_engines() {
  static const std::vector<Engine> engines = [] {
    std::vector<Engine> all{Engine{}};
    for (std::int32_t a = 0; a < tk_algorithm_count(); ++a)
      for (std::int32_t i = 0; tk_algorithm_device(a) == kDLCPU && i < tk_isa_count(); ++i)
        if (tk_isa_available(i) != 0) all.push_back({.algorithm = tk_algorithm_name(a), .isa = tk_isa_name(i)});
    return all;
  }();
  return engines;
}

std::int64_t Trial::Tensor::extent() const {
  std::int64_t last = 0;
  for (std::size_t i = 0; i < shape.size(); ++i) {
    if (shape[i] == 0) return 0;
    last += (shape[i] - 1) * strides[i];
  }
  return last + 1;
}

std::int64_t Trial::Tensor::row_offset(std::int64_t row) const {
  std::int64_t offset = 0;
  for (std::size_t i = shape.size(); i-- > 0;) {
    if (static_cast<int>(i) == axis) continue;
    offset += row % shape[i] * strides[i];
    row /= shape[i];
  }
  return offset;
}

void Trial::Tensor::bind(void* data, DLDataType type, bool with_strides) {
  dl = {.data = data,
        .device = {kDLCPU, 0},
        .ndim = static_cast<std::int32_t>(shape.size()),
        .dtype = type,
        .shape = shape.data(),
        .strides = with_strides ? strides.data() : nullptr,
        .byte_offset = 0};
}

Trial::Trial(const Request& request) : request_(request) {
  make_input();
  make_ids();
  make_row_arrays();
  make_expected();
}

void Trial::make_input() {
  const Request& r = request_;
  const std::int64_t inner = r.rows % 2 == 0 ? 2 : 1, outer = r.rows / inner;
  x_.axis = 1;
  switch (r.shape) {
    case Shape::axis_first:
      x_.axis = 0;
      x_.shape = {r.cols, r.rows};
      break;
    case Shape::axis_middle: x_.shape = {outer, r.cols, inner}; break;
    case Shape::cube:
      x_.axis = 2;
      x_.shape = {outer, inner, r.cols};
      break;
    default: x_.shape = {r.rows, r.cols};
  }
  if (r.shape == Shape::packed && r.rows == 1) x_.axis = 0, x_.shape = {r.cols};
  x_.strides = packed_strides(x_.shape, 0);
  if (r.shape == Shape::padded) x_.strides = {r.cols + 7, 1};
  if (r.shape == Shape::overlapping) x_.strides = {r.cols / 2 + 1, 1};
  if (r.shape == Shape::broadcast) x_.strides = {0, 1};
  if (r.shape == Shape::spread) x_.strides = {3 * r.cols, 3};

  const int size = bytes(r.dtype);
  const std::int64_t extent = x_.extent();

  void* data = x_buffer_.place(static_cast<std::size_t>(extent * size), r.edge);
  const DTypeInfo& type = info(r.dtype);
  for (std::int64_t i = 0; i < extent; ++i)
    store_raw(data, i, size, r.largest ? type.worst_of_smallest : type.worst_of_largest);
  const bench::Distribution& distribution = *bench::find_distribution(r.distribution);
  std::vector<std::uint64_t> row((static_cast<std::size_t>(r.cols * size) + 7) / 8);
  for (std::int64_t i = 0; i < r.rows; ++i) {
    bench::fill_row(distribution, r.dtype, r.seed, i, r.cols, row.data());
    for (std::int64_t c = 0; c < r.cols; ++c)
      store_raw(data, x_.row_offset(i) + c * x_.col_stride(), size, load_raw(r.dtype, row.data(), c));
  }
  x_buffer_.lock();
  x_.bind(data, type.dl, r.shape != Shape::packed && r.shape != Shape::axis_first);
  if (r.shape == Shape::cube) {
    x_.dl.byte_offset = 256;
    x_.dl.data = static_cast<char*>(data) - 256;
  }
}

void Trial::make_ids() {
  const Request& r = request_;
  if (r.ids == Ids::none) return;
  ids_.shape = {r.rows, r.cols};
  if (r.ids == Ids::per_column) ids_.shape = {r.cols};
  ids_.strides = packed_strides(ids_.shape, 0);
  const int size = r.index_type == IndexType::i32 ? 4 : 8;
  const std::int64_t extent = ids_.extent();
  void* data = ids_buffer_.place(static_cast<std::size_t>(extent * size), r.edge);
  bench::Random random(r.seed + 1);
  for (std::int64_t i = 0; i < extent; ++i)
    store_raw(data, i, size, random.bits() & ~std::uint64_t{0} >> (65 - 8 * size));
  ids_buffer_.lock();
  ids_.bind(data, index_dl(r.index_type), false);
}

void Trial::make_row_arrays() {
  const Request& r = request_;
  bench::Random random(r.seed + 2);
  const int size = r.row_type == IndexType::i32 ? 4 : 8;
  const auto make = [&](Tensor& tensor, GuardedBuffer& buffer) {
    tensor.shape = {r.rows}, tensor.strides = {1};
    tensor.bind(buffer.place(static_cast<std::size_t>(r.rows * size), r.edge), index_dl(r.row_type), false);
  };
  make(lengths_, lengths_buffer_);
  make(starts_, starts_buffer_);
  make(row_k_, row_k_buffer_);
  for (std::int64_t i = 0; i < r.rows; ++i) {
    const std::int64_t start = r.starts ? random.below(r.cols + 1) : 0;
    const std::int64_t room = r.cols - start;
    const std::array<std::int64_t, 6> lengths{0, r.k - 1, r.k, r.k + 1, room, random.below(room + 1)};
    const std::int64_t length =
        r.lengths ? std::clamp<std::int64_t>(lengths[static_cast<std::size_t>(random.below(6))], 0, room) : room;
    const std::int64_t count = r.row_k ? random.below(r.k + 1) : r.k;
    spans_.push_back({start, start + length, std::min(count, length)});
    store_raw(starts_buffer_.data(), i, size, static_cast<std::uint64_t>(start));
    store_raw(lengths_buffer_.data(), i, size, static_cast<std::uint64_t>(length));
    store_raw(row_k_buffer_.data(), i, size, static_cast<std::uint64_t>(count));
  }
  bench::fill_row(*bench::find_distribution("normal"), r.dtype, r.seed + 3, 0, 1, &fill_);
}

void Trial::make_expected() {
  const Request& r = request_;
  const DTypeInfo& type = info(r.dtype);
  const std::uint64_t pad = r.fill ? fill_ : r.largest ? type.worst_of_largest : type.worst_of_smallest;
  for (std::int64_t i = 0; i < r.rows; ++i) {
    const Span& span = spans_[static_cast<std::size_t>(i)];
    const std::byte* row = x_buffer_.data() + x_.row_offset(i) * bytes(r.dtype);
    std::vector<std::int64_t> columns =
        oracle_row(r.dtype, row, x_.col_stride(), span.begin, span.end, span.count, r.largest, r.nan);
    if (r.order == Order::index) std::sort(columns.begin(), columns.end());
    std::vector<Winner>& winners = expected_.emplace_back();
    for (const std::int64_t column : columns) {
      std::int64_t index = column;
      if (r.ids != Ids::none)
        index = load_index(ids_buffer_.data(), r.ids == Ids::per_place ? i * r.cols + column : column, r.index_type);
      winners.push_back({index, load_raw(r.dtype, row, column * x_.col_stride())});
    }
    winners.resize(static_cast<std::size_t>(r.k), {-1, pad});
  }
}

Trial::Tensor Trial::make_output(DLDataType type, GuardedBuffer& buffer) const {
  Tensor tensor;
  tensor.axis = x_.axis;
  tensor.shape = x_.shape;
  tensor.shape[static_cast<std::size_t>(x_.axis)] = request_.k;
  tensor.strides = packed_strides(tensor.shape, request_.padded_output ? 3 : 0);
  buffer.place(static_cast<std::size_t>(tensor.extent() * type.bits / 8), request_.edge);
  buffer.fill(kPoison);
  tensor.bind(buffer.data(), type, request_.padded_output);
  return tensor;
}

testing::AssertionResult Trial::matches_oracle(const Engine& engine, bool may_decline) {
  const Request& r = request_;
  Tensor values = make_output(info(r.dtype).dl, values_buffer_);
  Tensor indices = make_output(index_dl(r.index_type), indices_buffer_);
  // A moved tensor keeps the heap blocks of its shape and strides, so the pointers inside `dl` hold.
  tk_options options;
  tk_options_init(&options);
  options.largest = r.largest ? 1 : 0;
  options.order = static_cast<std::int32_t>(r.order);
  options.nan = static_cast<std::int32_t>(r.nan);
  options.axis = r.seed % 2 == 0 ? x_.axis : x_.axis - x_.dl.ndim;
  if (r.lengths) options.lengths = &lengths_.dl;
  if (r.starts) options.starts = &starts_.dl;
  if (r.row_k) options.row_k = &row_k_.dl;
  if (r.ids != Ids::none) options.ids = &ids_.dl;
  if (r.fill) options.fill = &fill_;
  options.algorithm = engine.algorithm.empty() ? nullptr : engine.algorithm.c_str();
  options.isa = engine.isa.empty() ? nullptr : engine.isa.c_str();
  options.threads = engine.threads;
  options.parallel_for = engine.parallel_for;
  options.pool = engine.pool;
  for (Tensor* tensor : {&x_, &ids_, &lengths_, &starts_, &row_k_, &values, &indices})
    tensor->dl.device = {engine.device, engine.ordinal};
  DLTensor* const out_values = r.values ? &values.dl : nullptr;
  DLTensor* const out_indices = r.indices ? &indices.dl : nullptr;
  std::size_t needed = 0;
  tk_status status = tk_topk_workspace(&x_.dl, r.k, &options, out_values, out_indices, &needed);
  auto workspace_bytes = static_cast<std::int64_t>(needed);
  DLTensor workspace{};
  workspace.data = workspace_buffer_.place((needed + 255) / 256 * 256, Edge::end);
  workspace_buffer_.fill(kPoison);
  workspace.device = {engine.device, engine.ordinal};
  workspace.ndim = 1;
  workspace.dtype = {kDLUInt, 8, 1};
  workspace.shape = &workspace_bytes;
  if (status == TK_OK)
    status = tk_topk(&x_.dl, r.k, &options, out_values, out_indices, needed == 0 ? nullptr : &workspace, nullptr);
  declined_ = may_decline && status == TK_UNSUPPORTED && std::string_view(tk_last_error()).starts_with("algorithm = ");
  if (declined_) {
    for (const GuardedBuffer* buffer : {&values_buffer_, &indices_buffer_})
      for (const std::byte byte : buffer->content())
        if (byte != std::byte{kPoison})
          return testing::AssertionFailure() << r << "\n  by " << engine << ": declined, yet wrote to an output";
    return testing::AssertionSuccess();
  }
  if (status != TK_OK)
    return testing::AssertionFailure() << r << "\n  by " << engine << ": " << tk_status_name(status) << ": "
                                       << tk_last_error();
  const testing::AssertionResult result = compare(values, indices);
  if (!result) return testing::AssertionFailure() << r << "\n  by " << engine << ": " << result.message();
  return result;
}

testing::AssertionResult Trial::compare(const Tensor& values, const Tensor& indices) const {
  const Request& r = request_;
  const int value_bytes = bytes(r.dtype), index_bytes = r.index_type == IndexType::i32 ? 4 : 8;
  std::byte* value_data = values_buffer_.data();
  std::byte* index_data = indices_buffer_.data();
  for (std::int64_t i = 0; i < r.rows; ++i) {
    std::vector<Winner> actual;
    for (std::int64_t j = 0; j < r.k; ++j) {
      const std::int64_t v = values.row_offset(i) + j * values.col_stride();
      const std::int64_t p = indices.row_offset(i) + j * indices.col_stride();
      actual.push_back({load_index(index_data, p, r.index_type), load_raw(r.dtype, value_data, v)});
      if (r.values) std::memset(value_data + v * value_bytes, kPoison, static_cast<std::size_t>(value_bytes));
      if (r.indices) std::memset(index_data + p * index_bytes, kPoison, static_cast<std::size_t>(index_bytes));
    }
    if (testing::AssertionResult result = compare_row(i, std::move(actual)); !result) return result;
  }
  for (const GuardedBuffer* buffer : {&values_buffer_, &indices_buffer_})
    for (const std::byte byte : buffer->content())
      if (byte != std::byte{kPoison}) return testing::AssertionFailure() << "wrote where no winner belongs";
  return testing::AssertionSuccess();
}

testing::AssertionResult Trial::compare_row(std::int64_t row, std::vector<Winner> actual) const {
  const Request& r = request_;
  std::vector<Winner> wanted = expected_[static_cast<std::size_t>(row)];
  for (std::vector<Winner>* winners : {&wanted, &actual}) {
    for (Winner& winner : *winners) {
      if (!r.indices) winner.index = 0;
      if (!r.values) winner.raw = 0;
    }
    if (r.order == Order::any)  // empty places still come last
      std::sort(winners->begin(), winners->begin() + spans_[static_cast<std::size_t>(row)].count);
  }
  for (std::size_t j = 0; j < wanted.size(); ++j) {
    if (wanted[j] == actual[j]) continue;
    const Span& span = spans_[static_cast<std::size_t>(row)];
    return testing::AssertionFailure() << "row " << row << " [" << span.begin << ", " << span.end << ") wants "
                                       << span.count << ", place " << j << ": index " << actual[j].index << " value 0x"
                                       << std::hex << actual[j].raw << std::dec << ", the oracle has index "
                                       << wanted[j].index << " value 0x" << std::hex << wanted[j].raw;
  }
  return testing::AssertionSuccess();
}

testing::AssertionResult all_engines_match(const Request& request, std::int64_t* solved) {
  Trial trial(request);
  for (const Engine& engine : cpu_engines()) {
    if (testing::AssertionResult result = trial.matches_oracle(engine, !engine.algorithm.empty()); !result)
      return result;
    if (solved != nullptr && !trial.declined()) ++*solved;
  }
  return testing::AssertionSuccess();
}

}  // namespace topkit::test
