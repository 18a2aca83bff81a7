// merge_topk on the GPU beside the CPU, byte for byte: called, and captured into a graph that is replayed over new contents.
#include <algorithm>
#include <array>
#include <vector>

#include "device.hpp"
#include "graph.hpp"
#include "report.hpp"
#include "support/merge_parts.hpp"

namespace topkit::gpu_test {
namespace {

using test::Cube;
using test::Filling;
using test::MergeCase;
using test::MergeParts;
using test::MergeTensor;
using test::Spread;

constexpr DLDevice kGpu{kDLCUDA, 0};

struct MergeRoom {
  DeviceStream stream;
  DeviceBuffer values, ids, out_values, out_ids, workspace;
};

// One case on both devices.
class MergeTrial {
 public:
  MergeTrial(const MergeCase& c, std::uint64_t seed, MergeRoom& room)
      : room_(room), parts_(c, seed), values_(parts_.merged_values()), ids_(parts_.merged_ids()) {
    solve();
    upload();
    DLTensor values = parts_.values.at(room_.values.data(), kGpu), ids = parts_.ids.at(room_.ids.data(), kGpu);
    std::size_t bytes = 0;
    if (tk_merge_topk_workspace(&values, &ids, c.k, &parts_.options, &bytes) != TK_OK)
      throw std::runtime_error(tk_last_error());
    bytes_ = static_cast<std::int64_t>(bytes);
    room_.workspace.reserve_dirty(bytes + 1);
    room_.out_values.reserve(values_.bytes.size());
    room_.out_ids.reserve(ids_.bytes.size());
  }

  // New contents at the same addresses.
  void renew(std::uint64_t seed) {
    MergeParts fresh(parts_.c, seed);
    parts_.values.bytes = std::move(fresh.values.bytes);
    parts_.ids.bytes = std::move(fresh.ids.bytes);
    solve();
    upload();
  }
  // Dirt where nothing is promised, in the stream's order: the workspace, and the outputs with what lies between their elements.
  void soil() {
    const cudaStream_t stream = room_.stream.get();
    check(cudaMemsetAsync(room_.workspace.data(), kDirt, static_cast<std::size_t>(bytes_) + 1, stream), "cudaMemset");
    check(cudaMemsetAsync(room_.out_values.data(), 0x5a, values_.bytes.size(), stream), "cudaMemset");
    check(cudaMemsetAsync(room_.out_ids.data(), 0x5a, ids_.bytes.size(), stream), "cudaMemset");
  }
  void enqueue() {
    DLTensor values = parts_.values.at(room_.values.data(), kGpu), ids = parts_.ids.at(room_.ids.data(), kGpu);
    DLTensor best = values_.at(room_.out_values.data(), kGpu), best_ids = ids_.at(room_.out_ids.data(), kGpu);
    DLTensor scratch{room_.workspace.data(), kGpu, 1, {kDLUInt, 8, 1}, &bytes_, nullptr, 0};
    if (tk_merge_topk(&values, &ids, parts_.c.k, &parts_.options, &best, &best_ids, bytes_ > 0 ? &scratch : nullptr,
                      room_.stream.get()) != TK_OK)
      throw std::runtime_error(tk_last_error());
  }
  // Waits and compares; "" when all agrees.
  std::string difference() {
    return difference(room_.out_ids, ids_, "ids") + difference(room_.out_values, values_, "values");
  }

 private:
  void solve() {
    DLTensor values = parts_.values.on_host(), ids = parts_.ids.on_host(), best = values_.on_host(),
             best_ids = ids_.on_host();
    if (tk_merge_topk(&values, &ids, parts_.c.k, &parts_.options, &best, &best_ids, nullptr, nullptr) != TK_OK)
      throw std::runtime_error(tk_last_error());
  }
  void upload() {
    const auto copy = [&](DeviceBuffer& to, const std::vector<std::byte>& from) {
      check(cudaMemcpyAsync(to.reserve(from.size()), from.data(), from.size(), cudaMemcpyHostToDevice,
                            room_.stream.get()),
            "cudaMemcpy");
    };
    copy(room_.values, parts_.values.bytes);
    copy(room_.ids, parts_.ids.bytes);
    room_.stream.synchronize();
  }
  std::string difference(const DeviceBuffer& from, const MergeTensor& wanted, const char* what) {
    std::vector<std::byte> got(wanted.bytes.size());
    check(cudaMemcpyAsync(got.data(), from.data(), got.size(), cudaMemcpyDeviceToHost, room_.stream.get()),
          "cudaMemcpy");
    room_.stream.synchronize();
    const auto at = std::mismatch(got.begin(), got.end(), wanted.bytes.begin()).first - got.begin();
    if (at == static_cast<std::ptrdiff_t>(got.size())) return "";
    return std::string(what) + " differ from element " + std::to_string(at * 8 / wanted.type.bits) + " on; ";
  }

  MergeRoom& room_;
  MergeParts parts_;
  MergeTensor values_, ids_;
  std::int64_t bytes_ = 0;
};

std::vector<MergeCase> merge_cases(bool reduced) {
  std::vector<MergeCase> cases;
  for (int dtype = 0; dtype < kDTypes; ++dtype)
    for (const Order order : {Order::value, Order::index})
      for (const unsigned bits : {0U, 4U, 64U})
        cases.push_back({.dtype = static_cast<DType>(dtype),
                         .parts = 5,
                         .rows = 7,
                         .width = 60,
                         .k = 77,
                         .largest = cases.size() % 2 == 0,
                         .nan = cases.size() % 3 == 0 ? Nan::last : Nan::largest,
                         .order = order,
                         .wide = bits != 4,
                         .bits = bits,
                         .cube = static_cast<Cube>(cases.size() % 4)});
  for (const Spread spread : {Spread::even, Spread::one_best, Spread::in_turn})
    for (const auto& [parts, rows, width, k] : std::vector<std::array<std::int64_t, 4>>{{1, 3, 100, 70},
                                                                                        {2, 1, 5000, 5000},
                                                                                        {8, 1, 1024, 1024},
                                                                                        {8, 300, 50, 50},
                                                                                        {8, 64, 1024, 1024},
                                                                                        {64, 20, 40, 50},
                                                                                        {300, 5, 20, 600},
                                                                                        {3000, 9, 3, 100}}) {
      if (reduced && parts * rows * width > 50000) continue;
      for (const Filling filling : {Filling::random, Filling::full})
        for (const unsigned bits : {10U, 64U})
          cases.push_back({.parts = parts,
                           .rows = rows,
                           .width = width,
                           .k = k,
                           .order = cases.size() % 4 == 3 ? Order::index : Order::value,
                           .bits = bits,
                           .filling = filling,
                           .spread = spread});
    }
  return cases;
}

}  // namespace

void test_merge(const Options& options, Report& report) {
  MergeRoom room;
  std::uint64_t seed = 0;
  for (const MergeCase& c : merge_cases(options.reduced)) {
    const auto tell = [&](const std::string& trouble, const char* how) {
      if (trouble.empty())
        report.pass();
      else
        report.fail("merge of " + describe(c) + how + trouble);
    };
    try {
      MergeTrial trial(c, ++seed, room);
      trial.soil();
      trial.enqueue();
      tell(trial.difference(), ": ");
      if (seed % 5 != 0) continue;
      const Graph graph(room.stream.get(), [&] { trial.enqueue(); });
      for (int replay = 0; replay < 2; ++replay) {
        trial.renew(1000 * seed + static_cast<std::uint64_t>(replay));
        trial.soil();
        graph.launch(room.stream.get());
        tell(trial.difference(), ", by a graph: ");
      }
    } catch (const std::exception& failure) {
      tell(failure.what(), ": ");
    }
  }
}

}  // namespace topkit::gpu_test
