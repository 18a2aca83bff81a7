// What the benchmark judges results by: it accepts the answer of the sort on the host, and refuses each way to be wrong.
#include <algorithm>
#include <cstring>
#include <functional>
#include <vector>

#include "bench/cuda_verify.hpp"
#include "bench/distributions.hpp"
#include "device.hpp"
#include "report.hpp"
#include "support/oracle.hpp"

namespace topkit::gpu_test {
namespace {

constexpr std::int64_t kRows = 3, kCols = 5000, kWinners = 70;

// An input and its answer, which a test spoils.
struct Sheet {
  bench::Case c{.rows = kRows, .cols = kCols, .k = kWinners};
  std::vector<std::byte> x, values;
  std::vector<std::int64_t> indices;  // expected; int64 on the device

  Sheet(DType dtype, std::string_view distribution) {
    c.dtype = dtype;
    const auto size = static_cast<std::size_t>(bytes(dtype));
    x.resize(static_cast<std::size_t>(kRows * kCols) * size);
    for (std::int64_t row = 0; row < kRows; ++row) {
      bench::fill_row(*bench::find_distribution(distribution), dtype, 5, row, kCols,
                      x.data() + static_cast<std::size_t>(row * kCols) * size);
      std::vector<std::int64_t> columns(kCols);
      for (std::int64_t i = 0; i < kCols; ++i) columns[static_cast<std::size_t>(i)] = i;
      std::stable_sort(columns.begin(), columns.end(), [&](std::int64_t a, std::int64_t b) {
        return test::better(number(row, a), number(row, b), true, Nan::largest);
      });
      indices.insert(indices.end(), columns.begin(), columns.begin() + kWinners);
    }
    take_values();
  }

  long double number(std::int64_t row, std::int64_t col) const {
    return test::decode(c.dtype, test::load_raw(c.dtype, x.data(), row * kCols + col));
  }
  void take_values() {
    const auto size = static_cast<std::size_t>(bytes(c.dtype));
    values.resize(indices.size() * size);
    for (std::size_t i = 0; i < indices.size(); ++i) {
      const std::int64_t row = static_cast<std::int64_t>(i) / kWinners;
      if (indices[i] >= 0 && indices[i] < kCols)
        std::memcpy(values.data() + i * size, x.data() + static_cast<std::size_t>(row * kCols + indices[i]) * size,
                    size);
    }
  }

  std::string complaint(bool lower_index_wins = true) const {
    const bench::DeviceMemory on_x(x.size()), on_values(values.size()), on_indices(indices.size() * 8);
    const DeviceStream stream;
    check(cudaMemcpy(on_x.data(), x.data(), x.size(), cudaMemcpyHostToDevice), "copy");
    check(cudaMemcpy(on_values.data(), values.data(), values.size(), cudaMemcpyHostToDevice), "copy");
    check(cudaMemcpy(on_indices.data(), indices.data(), indices.size() * 8, cudaMemcpyHostToDevice), "copy");
    check(cudaDeviceSynchronize(), "copies");
    bench::CudaVerifier verifier;
    return verifier.complaint(c,
                              {.x = on_x.data(),
                               .values = on_values.data(),
                               .indices = on_indices.data(),
                               .index_bytes = 8,
                               .row_stride = kWinners,
                               .lower_index_wins = lower_index_wins},
                              stream.get());
  }
};

void expect(Report& report, const std::string& what, const std::string& complaint, const std::string& wanted) {
  const bool right = wanted.empty() ? complaint.empty() : complaint.find(wanted) != std::string::npos;
  if (right)
    report.pass();
  else
    report.fail("the benchmark's verifier says '" + complaint + "' of " + what);
}

constexpr std::size_t kSpoiled = kWinners + 7;  // a place in the second row

void spoil(Report& report, const char* what, const char* wanted, const std::function<void(Sheet&)>& change) {
  Sheet sheet(DType::f32, "normal");
  change(sheet);
  expect(report, what, sheet.complaint(), wanted);
}

}  // namespace

void test_verifier(const Options&, Report& report) {
  for (const DType dtype :
       {DType::f32, DType::bf16, DType::f64, DType::f8e4m3, DType::i8, DType::i64, DType::u16, DType::u64})
    for (const char* distribution : {"normal", "few_distinct", "nan_hotspots", "signed_zeros", "all_equal", "bits"})
      expect(report, std::string(name(dtype)) + " " + distribution, Sheet(dtype, distribution).complaint(), "");
  spoil(report, "an index of -1", "out of range", [](Sheet& s) { s.indices[kSpoiled] = -1; });
  spoil(report, "an index of cols", "out of range", [](Sheet& s) { s.indices[kSpoiled] = kCols; });
  spoil(report, "a changed value", "not the input's", [](Sheet& s) { s.values[kSpoiled * 4] ^= std::byte{1}; });
  spoil(report, "two places exchanged", "out of order", [](Sheet& s) {
    std::swap(s.indices[kSpoiled], s.indices[kSpoiled + 1]);
    s.take_values();
  });
  spoil(report, "an index that comes twice", "come twice", [](Sheet& s) {
    s.indices[kSpoiled] = s.indices[kSpoiled + 1];
    s.take_values();
  });
  spoil(report, "a loser in the last place", "miss a winner", [](Sheet& s) {
    std::int64_t& last = s.indices[2 * kWinners - 1];
    for (std::int64_t col = 0; col < kCols; ++col)
      if (s.number(1, col) < s.number(1, last)) {
        last = col;
        break;
      }
    s.take_values();
  });
  // Of equal values any may win where a peer does not promise the lower index; topkit does.
  Sheet ties(DType::f32, "two_values");
  std::int64_t& last = ties.indices[kWinners - 1];
  do ++last;
  while (ties.number(0, last) != ties.number(0, ties.indices[0]));
  ties.take_values();
  expect(report, "a higher index among equal values", ties.complaint(), "miss a winner");
  expect(report, "a peer's higher index among equal values", ties.complaint(false), "");
}

}  // namespace topkit::gpu_test
