// topkit: the k best of each row, exactly. C++20 interface, header-only over topkit.h.
//
//   std::vector<float> scores{0.1F, 0.9F, 0.4F, 0.9F};
//   auto best = topkit::topk(scores, 2);                        // best.values {0.9, 0.9}, best.indices {1, 3}
//   auto worst = topkit::topk(scores, 2, {.largest = false});   // {0.1, 0.4}, {0, 2}
//
//   topkit::MatrixView logits(data, rows, cols);                // row-major; a fourth argument is the row stride
//   auto top = topkit::topk(logits, 50);                        // top.values[r * 50 + j]; top.row_values(r)[j]
//
// One order everywhere: key first, then the lower index wins; -0 equals +0, all NaN are equal. Every function throws
// topkit::Error, whose what() names the argument, the value and the rule; then no output was written. All are
// thread-safe. On CUDA, and for tensors of other ranks, see topk(const DLTensor&, ...) below.
#ifndef TOPKIT_TOPKIT_HPP_
#define TOPKIT_TOPKIT_HPP_

#include <topkit/topkit.h>

#include <array>
#include <concepts>
#include <cstddef>
#include <cstdint>
#include <ranges>
#include <span>
#include <stdexcept>
#include <string>
#include <string_view>
#include <type_traits>
#include <vector>

namespace topkit {
inline namespace v0 {

// What a call that could not be done throws.
class Error : public std::runtime_error {
 public:
  Error(tk_status status, const std::string& sentence) : std::runtime_error(sentence), status_(status) {}
  tk_status status() const noexcept { return status_; }

 private:
  tk_status status_;
};

// Elements that C++20 has no type for, as their bits.
struct float16 {
  std::uint16_t bits;
  friend bool operator==(float16, float16) = default;
};
struct bfloat16 {
  std::uint16_t bits;
  friend bool operator==(bfloat16, bfloat16) = default;
};
struct float8_e4m3fn {
  std::uint8_t bits;
  friend bool operator==(float8_e4m3fn, float8_e4m3fn) = default;
};
struct float8_e5m2 {
  std::uint8_t bits;
  friend bool operator==(float8_e5m2, float8_e5m2) = default;
};

// The DLPack type of an element. Specialise it for a type of your own that has one of these layouts.
template <class T>
struct element_type {};
template <class T>
requires(std::integral<T> && !std::same_as<T, bool> && sizeof(T) <= 8) struct element_type<T> {
  static constexpr DLDataType value{std::is_signed_v<T> ? kDLInt : kDLUInt, sizeof(T) * 8, 1};
};
template <class T>
requires(std::floating_point<T> && (sizeof(T) == 4 || sizeof(T) == 8)) struct element_type<T> {
  static constexpr DLDataType value{kDLFloat, sizeof(T) * 8, 1};
};
template <>
struct element_type<float16> {
  static constexpr DLDataType value{kDLFloat, 16, 1};
};
template <>
struct element_type<bfloat16> {
  static constexpr DLDataType value{kDLBfloat, 16, 1};
};
template <>
struct element_type<float8_e4m3fn> {
  static constexpr DLDataType value{TK_DL_FLOAT8_E4M3FN, 8, 1};
};
template <>
struct element_type<float8_e5m2> {
  static constexpr DLDataType value{TK_DL_FLOAT8_E5M2, 8, 1};
};

template <class T>
concept Element = requires {
  element_type<std::remove_cv_t<T>>::value;
};

// Indices are int64 unless the caller asks for int32.
template <class I>
concept Index = std::signed_integral<I> &&(sizeof(I) == 4 || sizeof(I) == 8);

template <class R>
concept ElementRange =
    std::ranges::contiguous_range<R> && std::ranges::sized_range<R> && Element<std::ranges::range_value_t<R>>;

// Rows of `cols` elements each, `row_stride` elements apart (by default packed). Borrows; never owns.
template <Element T>
struct MatrixView {
  T* data = nullptr;
  std::int64_t rows = 0, cols = 0, row_stride = 0;

  constexpr MatrixView() = default;
  constexpr MatrixView(T* first, std::int64_t row_count, std::int64_t col_count)
      : MatrixView(first, row_count, col_count, col_count) {}
  constexpr MatrixView(T* first, std::int64_t row_count, std::int64_t col_count, std::int64_t stride)
      : data(first), rows(row_count), cols(col_count), row_stride(stride) {}
  constexpr operator MatrixView<const T>() const requires(!std::is_const_v<T>) {
    return {data, rows, cols, row_stride};
  }
};

enum class Order : std::int32_t {
  value = TK_ORDER_VALUE,  // best first, equal keys by ascending index
  index = TK_ORDER_INDEX,  // ascending index
  any = TK_ORDER_ANY       // unspecified: the fastest
};
enum class Nan : std::int32_t {
  largest = TK_NAN_LARGEST,  // NaN ranks above +inf
  last = TK_NAN_LAST         // NaN is never chosen before a number
};

// As tk_options, whose comments say what each field means. Spans are [rows]; an empty one is unset.
struct Options {
  bool largest = true;
  Order order = Order::value;
  Nan nan = Nan::largest;
  std::span<const std::int64_t> lengths = {}, starts = {}, row_k = {};
  const void* fill = nullptr;       // one element of x's type
  const char* algorithm = nullptr;  // force by name; see algorithms()
  const char* isa = nullptr;        // force by name; see isas()
  int threads = 0;                  // 0: as many as pay
  tk_parallel_for parallel_for = nullptr;
  void* pool = nullptr;
  const tk_tuning* tuning = nullptr;  // Tuning::get(), or nullptr: the built-in table
};

// Row r has values[r * k] .. values[r * k + k - 1].
template <Element T, Index I = std::int64_t>
struct Result {
  std::vector<T> values;
  std::vector<I> indices;
  std::int64_t rows = 0, k = 0;

  std::span<const T> row_values(std::int64_t r) const { return row_of<T>(values, r); }
  std::span<const I> row_indices(std::int64_t r) const { return row_of<I>(indices, r); }

 private:
  template <class E>
  std::span<const E> row_of(const std::vector<E>& all, std::int64_t r) const {
    return std::span<const E>(all).subspan(static_cast<std::size_t>(r * k), static_cast<std::size_t>(k));
  }
};

namespace detail {

inline void check(tk_status status) {
  if (status != TK_OK) throw Error(status, tk_last_error());
}

// A host tensor of at most three axes that lives as long as the call it is made for.
class Tensor {
 public:
  Tensor() = default;
  template <std::size_t Rank>
  Tensor(const void* data, DLDataType type, const std::int64_t (&shape)[Rank], const std::int64_t (&strides)[Rank])
      : used_(true) {
    static_assert(Rank <= 3);
    for (std::size_t axis = 0; axis < Rank; ++axis) {
      shape_[axis] = shape[axis];
      strides_[axis] = strides[axis];
    }
    tensor_.data = const_cast<void*>(data);  // inputs are only read; DLTensor has one pointer type for both
    tensor_.device = {kDLCPU, 0};
    tensor_.ndim = static_cast<int>(Rank);
    tensor_.dtype = type;
    tensor_.shape = shape_.data();
    tensor_.strides = strides_.data();
  }
  Tensor(const Tensor&) = delete;
  Tensor& operator=(const Tensor&) = delete;

  DLTensor* get() { return used_ ? &tensor_ : nullptr; }

 private:
  std::array<std::int64_t, 3> shape_{}, strides_{};
  DLTensor tensor_{};
  bool used_ = false;
};

template <class T>
inline constexpr DLDataType type_of = element_type<std::remove_cv_t<T>>::value;

inline std::int64_t length(std::size_t size) { return static_cast<std::int64_t>(size); }

// tk_options with the row arrays it points to.
class Settings {
 public:
  explicit Settings(const Options& from)
      : lengths_(from.lengths.data(), type_of<std::int64_t>, {length(from.lengths.size())}, {1}),
        starts_(from.starts.data(), type_of<std::int64_t>, {length(from.starts.size())}, {1}),
        row_k_(from.row_k.data(), type_of<std::int64_t>, {length(from.row_k.size())}, {1}) {
    tk_options_init(&options_);
    options_.largest = from.largest ? 1 : 0;
    options_.order = static_cast<std::int32_t>(from.order);
    options_.nan = static_cast<std::int32_t>(from.nan);
    if (!from.lengths.empty()) options_.lengths = lengths_.get();
    if (!from.starts.empty()) options_.starts = starts_.get();
    if (!from.row_k.empty()) options_.row_k = row_k_.get();
    options_.fill = from.fill;
    options_.algorithm = from.algorithm;
    options_.isa = from.isa;
    options_.threads = from.threads;
    options_.parallel_for = from.parallel_for;
    options_.pool = from.pool;
    options_.tuning = from.tuning;
  }

  const tk_options* get() const { return &options_; }

 private:
  Tensor lengths_, starts_, row_k_;
  tk_options options_;
};

// rows * k, or what no vector and no span can hold.
inline std::size_t room(std::int64_t rows, std::int64_t k) {
  if (rows <= 0 || k <= 0) return 0;
  if (rows > INT64_MAX / k) return SIZE_MAX;
  return static_cast<std::size_t>(rows * k);
}

// Outputs hold rows * k elements exactly, or none when they are not wanted.
inline void check_room(const char* name, std::size_t size, std::int64_t rows, std::int64_t k) {
  if (size != 0 && size != room(rows, k))
    throw Error(TK_INVALID_ARGUMENT, std::string(name) + ".size() = " + std::to_string(size) +
                                         ": must be rows * k = " + std::to_string(rows) + " * " + std::to_string(k));
}

}  // namespace detail

// Writes the k best of every row of x into vectors, arrays or spans of x.rows * k elements each; either may be empty
// when it is not wanted. Allocates nothing.
//
//   std::array<float, 2> values;
//   std::array<std::int32_t, 2> indices;
//   topkit::topk_into(topkit::MatrixView(data, 1, cols), 2, values, indices);
template <Element T, ElementRange V, std::ranges::contiguous_range D>
requires std::same_as<std::ranges::range_value_t<V>, std::remove_cv_t<T>> && Index<std::ranges::range_value_t<D>>
void topk_into(MatrixView<T> x, std::int64_t k, V&& values, D&& indices, const Options& options = {}) {
  using I = std::ranges::range_value_t<D>;
  const std::span<std::remove_cv_t<T>> into(values);
  const std::span<I> at(indices);
  detail::check_room("values", into.size(), x.rows, k);
  detail::check_room("indices", at.size(), x.rows, k);
  const bool nothing = into.empty() && at.empty();
  if (nothing && x.rows > 0 && k > 0)
    throw Error(TK_INVALID_ARGUMENT, "values.size() = 0 and indices.size() = 0: at least one must be given");
  detail::Tensor in(x.data, detail::type_of<T>, {x.rows, x.cols}, {x.row_stride, 1});
  detail::Tensor out_values(into.data(), detail::type_of<T>, {x.rows, k}, {k, 1});
  detail::Tensor out_indices(at.data(), detail::type_of<I>, {x.rows, k}, {k, 1});
  const detail::Settings settings(options);
  detail::check(tk_topk(in.get(), k, settings.get(), into.empty() && !nothing ? nullptr : out_values.get(),
                        at.empty() && !nothing ? nullptr : out_indices.get(), nullptr, nullptr));
}

// A table that `topkit tune` measured, from the text of its file; lives as long as the calls that use it.
//
//   const topkit::Tuning tuning(text);
//   auto best = topkit::topk(scores, 2, {.tuning = tuning.get()});
class Tuning {
 public:
  explicit Tuning(std::string_view text) { detail::check(tk_tuning_read(text.data(), text.size(), &tuning_)); }
  ~Tuning() { tk_tuning_free(tuning_); }
  Tuning(const Tuning&) = delete;
  Tuning& operator=(const Tuning&) = delete;

  const tk_tuning* get() const { return tuning_; }

 private:
  tk_tuning* tuning_ = nullptr;
};

// The k best of every row, in vectors of x.rows * k.
//
//   auto narrow = topkit::topk<std::int32_t>(topkit::MatrixView(data, rows, cols), 50);   // int32 indices
template <Index I = std::int64_t, Element T>
Result<std::remove_cv_t<T>, I> topk(MatrixView<T> x, std::int64_t k, const Options& options = {}) {
  Result<std::remove_cv_t<T>, I> result;
  result.rows = x.rows;
  result.k = k;
  if (k > 0 && x.rows > 0) {
    // What is out of range must reach the library, which says so, before memory is asked for.
    detail::Tensor in(x.data, detail::type_of<T>, {x.rows, x.cols}, {x.row_stride, 1});
    std::size_t bytes = 0;
    detail::check(tk_topk_workspace(in.get(), k, detail::Settings(options).get(), nullptr, nullptr, &bytes));
    result.values.resize(detail::room(x.rows, k));
    result.indices.resize(detail::room(x.rows, k));
  }
  topk_into(x, k, result.values, result.indices, options);
  return result;
}

// The k best of one row: a vector, array or span of elements.
template <Index I = std::int64_t, ElementRange R>
auto topk(const R& x, std::int64_t k, const Options& options = {}) {
  return topk<I>(MatrixView(std::ranges::data(x), 1, static_cast<std::int64_t>(std::ranges::size(x))), k, options);
}

// tk_topk itself, for every rank, stride, device and option: see topkit.h.
inline void topk(const DLTensor& x, std::int64_t k, const tk_options& options, DLTensor* values, DLTensor* indices,
                 DLTensor* workspace = nullptr, void* stream = nullptr) {
  detail::check(tk_topk(&x, k, &options, values, indices, workspace, stream));
}
inline std::size_t topk_workspace(const DLTensor& x, std::int64_t k, const tk_options& options, const DLTensor* values,
                                  const DLTensor* indices) {
  std::size_t bytes = 0;
  detail::check(tk_topk_workspace(&x, k, &options, values, indices, &bytes));
  return bytes;
}

// Merges sorted candidate lists: values and ids are [parts, rows, width], each list best first as topk gives it (equal
// keys by ascending id), an id of -1 marks an empty place at the end of its list. Uses largest, nan, order, fill and
// threads of the options.
//
//   // Two shards, one row each: the ids are positions in the whole row.
//   std::vector<float> values{9, 7, /* second shard */ 8, 1};
//   std::vector<std::int64_t> ids{3, 0, /* second shard */ 6, 5};
//   auto merged = topkit::merge_topk(values, ids, {.parts = 2, .rows = 1, .width = 2}, 3);   // 9 8 7, ids 3 6 0
struct Parts {
  std::int64_t parts = 1, rows = 1, width = 0;
};
template <ElementRange V, std::ranges::contiguous_range D>
requires Index<std::ranges::range_value_t<D>>
auto merge_topk(const V& values, const D& ids, Parts shape, std::int64_t k, const Options& options = {}) {
  using T = std::ranges::range_value_t<V>;
  using I = std::ranges::range_value_t<D>;
  const std::int64_t part_stride = shape.rows * shape.width;
  for (const std::size_t size : {std::ranges::size(values), std::ranges::size(ids)})
    if (size != static_cast<std::size_t>(shape.parts * part_stride))
      throw Error(TK_INVALID_ARGUMENT, "values and ids have " + std::to_string(std::ranges::size(values)) + " and " +
                                           std::to_string(std::ranges::size(ids)) + " elements: must be " +
                                           std::to_string(shape.parts * part_stride) + ", parts * rows * width");
  const std::int64_t dims[3] = {shape.parts, shape.rows, shape.width};
  const std::int64_t strides[3] = {part_stride, shape.width, 1};
  detail::Tensor in_values(std::ranges::data(values), detail::type_of<T>, dims, strides);
  detail::Tensor in_ids(std::ranges::data(ids), detail::type_of<I>, dims, strides);
  const detail::Settings settings(options);
  std::size_t bytes = 0;
  detail::check(tk_merge_topk_workspace(in_values.get(), in_ids.get(), k, settings.get(), &bytes));
  Result<T, I> result;
  result.rows = shape.rows;
  result.k = k;
  result.values.resize(detail::room(shape.rows, k));
  result.indices.resize(detail::room(shape.rows, k));
  detail::Tensor out_values(result.values.data(), detail::type_of<T>, {shape.rows, k}, {k, 1});
  detail::Tensor out_ids(result.indices.data(), detail::type_of<I>, {shape.rows, k}, {k, 1});
  detail::check(tk_merge_topk(in_values.get(), in_ids.get(), k, settings.get(), out_values.get(), out_ids.get(),
                              nullptr, nullptr));
  return result;
}

// tk_merge_topk itself, for every stride, device and option: see topkit.h.
inline void merge_topk(const DLTensor& values, const DLTensor& ids, std::int64_t k, const tk_options& options,
                       DLTensor* out_values, DLTensor* out_ids, DLTensor* workspace = nullptr, void* stream = nullptr) {
  detail::check(tk_merge_topk(&values, &ids, k, &options, out_values, out_ids, workspace, stream));
}
inline std::size_t merge_topk_workspace(const DLTensor& values, const DLTensor& ids, std::int64_t k,
                                        const tk_options& options) {
  std::size_t bytes = 0;
  detail::check(tk_merge_topk_workspace(&values, &ids, k, &options, &bytes));
  return bytes;
}

// How a call would be solved, one "key: value" a line.
template <Element T>
std::string explain(MatrixView<T> x, std::int64_t k, const Options& options = {}) {
  detail::Tensor in(x.data, detail::type_of<T>, {x.rows, x.cols}, {x.row_stride, 1});
  const detail::Settings settings(options);
  std::size_t needed = 0;
  detail::check(tk_explain(in.get(), k, settings.get(), nullptr, 0, &needed));
  std::string text(needed, '\0');
  detail::check(tk_explain(in.get(), k, settings.get(), text.data(), text.size(), nullptr));
  text.pop_back();
  return text;
}

// Names to force by Options::algorithm and Options::isa: of this device, and those this machine can run, best first.
inline std::vector<std::string_view> algorithms(DLDeviceType device = kDLCPU) {
  std::vector<std::string_view> names;
  for (std::int32_t i = 0; i < tk_algorithm_count(); ++i)
    if (tk_algorithm_device(i) == device) names.emplace_back(tk_algorithm_name(i));
  return names;
}
inline std::vector<std::string_view> isas() {
  std::vector<std::string_view> names;
  for (std::int32_t i = 0; i < tk_isa_count(); ++i)
    if (tk_isa_available(i) != 0) names.emplace_back(tk_isa_name(i));
  return names;
}

}  // namespace v0
}  // namespace topkit

#endif  // TOPKIT_TOPKIT_HPP_
