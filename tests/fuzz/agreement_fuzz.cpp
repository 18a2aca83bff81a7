// Bytes become a selection and its data: every algorithm on every instruction set gives what the oracle gives, bit by bit.
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <cstdlib>
#include <cstring>
#include <vector>

#include "support/oracle.hpp"
#include "topkit/topkit.h"

namespace topkit::fuzz {
namespace {

constexpr std::size_t kHead = 10;
constexpr std::int64_t kMostBytes = 1 << 15;

struct Case {
  DType dtype{};
  std::int64_t rows = 1, cols = 0, k = 0;
  bool largest = true, columns = false;  // columns: the first axis is selected along
  Nan nan = Nan::largest;
  Order order = Order::value;
  std::vector<std::uint64_t> data;                  // aligned for every type
  std::vector<std::vector<std::int64_t>> expected;  // by row; sorted unless order is value

  std::int64_t place(std::int64_t row, std::int64_t rank, std::int64_t count) const {
    return columns ? rank * rows + row : row * count + rank;
  }
};

// The head chooses the options and sizes; the rest is repeated until the tensor is full, each time with a byte changed, so
// that few bytes reach the algorithms for long rows and make ties.
Case read(const std::uint8_t* head, std::size_t size) {
  Case c;
  c.dtype = static_cast<DType>(head[0] % kDTypes);
  c.largest = (head[1] & 1) != 0;
  c.columns = (head[1] & 2) != 0;
  c.nan = (head[1] & 4) != 0 ? Nan::last : Nan::largest;
  c.order = static_cast<Order>(head[2] % 3);
  c.rows = 1 + head[3] % 5;
  c.cols = (head[4] | head[5] << 8) % (kMostBytes / bytes(c.dtype) / c.rows + 1);
  c.k = (head[6] | head[7] << 8) % (c.cols + 1);
  if ((head[8] & 1) != 0) c.k = std::min<std::int64_t>(c.k % 65, c.cols);
  const std::uint8_t* pattern = head + kHead;
  const std::size_t period = size - kHead;
  const auto total = static_cast<std::size_t>(c.rows * c.cols * bytes(c.dtype));
  c.data.resize(total / 8 + 1);
  auto* out = reinterpret_cast<std::uint8_t*>(c.data.data());
  for (std::size_t i = 0; period != 0 && i < total; ++i) out[i] = pattern[i % period];
  for (std::size_t i = period; period != 0 && head[9] != 0 && i < total; i += period) {
    const std::size_t at = i + i / period * head[9] % period;
    if (at < total) out[at] ^= static_cast<std::uint8_t>(i / period);
  }
  for (std::int64_t row = 0; row < c.rows; ++row) {
    const auto* first = out + c.place(row, 0, c.cols) * bytes(c.dtype);
    c.expected.push_back(test::oracle_row(c.dtype, first, c.columns ? c.rows : 1, 0, c.cols, c.k, c.largest, c.nan));
    if (c.order != Order::value) std::sort(c.expected.back().begin(), c.expected.back().end());
  }
  return c;
}

[[noreturn]] void disagree(const char* algorithm, const char* isa, const Case& c, std::int64_t row, std::int64_t rank) {
  std::fprintf(stderr, "%s/%s: row %lld rank %lld of %lldx%lld %s k=%lld %s\n", algorithm, isa,
               static_cast<long long>(row), static_cast<long long>(rank), static_cast<long long>(c.rows),
               static_cast<long long>(c.cols), name(c.dtype).data(), static_cast<long long>(c.k), tk_last_error());
  std::abort();
}

void check(const Case& c, const char* algorithm, const char* isa) {
  std::int64_t x_shape[2] = {c.rows, c.cols}, out_shape[2] = {c.rows, c.k};
  if (c.columns) std::swap(x_shape[0], x_shape[1]), std::swap(out_shape[0], out_shape[1]);
  std::vector<std::uint64_t> values(static_cast<std::size_t>(c.rows * c.k) + 1);  // aligned for every type
  std::vector<std::int64_t> indices(values.size());
  const DLTensor x{const_cast<std::uint64_t*>(c.data.data()), {kDLCPU, 0}, 2, info(c.dtype).dl, x_shape, nullptr, 0};
  DLTensor v{values.data(), {kDLCPU, 0}, 2, info(c.dtype).dl, out_shape, nullptr, 0};
  DLTensor i{indices.data(), {kDLCPU, 0}, 2, {kDLInt, 64, 1}, out_shape, nullptr, 0};
  tk_options options;
  tk_options_init(&options);
  options.largest = c.largest ? 1 : 0;
  options.nan = static_cast<std::int32_t>(c.nan);
  options.order = static_cast<std::int32_t>(c.order);
  options.axis = c.columns ? 0 : 1;
  options.threads = 1;
  if (*algorithm != '\0') options.algorithm = algorithm;
  if (*isa != '\0') options.isa = isa;
  const tk_status status = tk_topk(&x, c.k, &options, &v, &i, nullptr, nullptr);
  if (status == TK_UNSUPPORTED && *algorithm != '\0') return;  // need not solve every problem
  if (status != TK_OK) disagree(algorithm, isa, c, -1, -1);
  for (std::int64_t row = 0; row < c.rows; ++row) {
    const std::vector<std::int64_t>& expected = c.expected[static_cast<std::size_t>(row)];
    std::vector<std::int64_t> found;
    for (std::int64_t rank = 0; rank < c.k; ++rank) {
      const std::int64_t at = c.place(row, rank, c.k);
      found.push_back(indices[static_cast<std::size_t>(at)]);
      if (found.back() < 0 || found.back() >= c.cols ||
          test::load_raw(c.dtype, values.data(), at) !=
              test::load_raw(c.dtype, c.data.data(), c.place(row, found.back(), c.cols)))
        disagree(algorithm, isa, c, row, rank);
    }
    if (c.order == Order::any) std::sort(found.begin(), found.end());
    for (std::int64_t rank = 0; rank < c.k; ++rank)
      if (found[static_cast<std::size_t>(rank)] != expected[static_cast<std::size_t>(rank)])
        disagree(algorithm, isa, c, row, rank);
  }
}

}  // namespace
}  // namespace topkit::fuzz

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  using namespace topkit::fuzz;
  if (size < kHead) return 0;
  const Case c = read(data, size);
  check(c, "", "");
  for (std::int32_t a = 0; a < tk_algorithm_count(); ++a)
    for (std::int32_t i = 0; tk_algorithm_device(a) == kDLCPU && i < tk_isa_count(); ++i)
      if (tk_isa_available(i) != 0) check(c, tk_algorithm_name(a), tk_isa_name(i));
  return 0;
}
