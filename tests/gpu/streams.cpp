// Eight streams fed by one thread without waiting, and calls that read what the call before them wrote.
#include <memory>
#include <vector>

#include "report.hpp"
#include "trial.hpp"

namespace topkit::gpu_test {
namespace {

constexpr int kStreams = 8;

void eight_at_once(const std::string& algorithm, int rounds, Report& report) {
  struct Lane {
    Arena arena;
    std::unique_ptr<Trial> trial;
    bool solved = false;
  };
  std::vector<Lane> lanes(kStreams);
  for (int i = 0; i < kStreams; ++i) {
    Request request{
        .dtype = i % 2 == 0 ? DType::f32 : DType::bf16, .rows = 1 + i % 3, .cols = 3000 << (i % 5), .k = 10 + 9 * i};
    request.seed = static_cast<std::uint64_t>(i);
    lanes[static_cast<std::size_t>(i)].trial = std::make_unique<Trial>(request);
    lanes[static_cast<std::size_t>(i)].trial->upload(lanes[static_cast<std::size_t>(i)].arena);
    lanes[static_cast<std::size_t>(i)].arena.workspace.reserve_dirty(
        lanes[static_cast<std::size_t>(i)].trial->workspace_bytes(algorithm, lanes[static_cast<std::size_t>(i)].arena));
  }
  for (int round = 0; round < rounds; ++round)
    for (Lane& lane : lanes) {
      const cudaStream_t stream = lane.arena.stream.get();
      lane.trial->poison(lane.arena, stream);
      lane.solved = lane.trial->enqueue(algorithm, lane.arena, stream);
    }
  for (Lane& lane : lanes) {
    if (!lane.solved) continue;
    const std::string trouble = lane.trial->difference(lane.arena);
    if (trouble.empty())
      report.pass();
    else
      report.fail(lane.trial->name() + "\n  by " + algorithm + " on one of 8 streams: " + trouble);
  }
}

DLTensor device_matrix(void* data, DLDataType type, std::vector<std::int64_t>& shape) {
  return {data, {kDLCUDA, 0}, static_cast<std::int32_t>(shape.size()), type, shape.data(), nullptr, 0};
}

// The 40 best of the 500 best are the 40 best: right only if the second call waits for the first, round after round.
void chained(const std::string& first, const std::string& second, int rounds, Report& report) {
  constexpr std::int64_t kRows = 3, kCols = 20000, kMany = 500, kFew = 40;
  const DeviceStream stream;
  const cudaStream_t s = stream.get();
  std::vector<float> x(kRows * kCols);
  const DeviceBuffer input(x.size() * 4), many(kRows * kMany * 4), few(kRows * kFew * 4), direct(kRows * kFew * 4);
  std::vector<std::int64_t> shape_x{kRows, kCols}, shape_many{kRows, kMany}, shape_few{kRows, kFew};
  const DLDataType f32{kDLFloat, 32, 1};
  DLTensor dl_x = device_matrix(input.data(), f32, shape_x), dl_many = device_matrix(many.data(), f32, shape_many);
  DLTensor dl_few = device_matrix(few.data(), f32, shape_few), dl_direct = device_matrix(direct.data(), f32, shape_few);
  DeviceBuffer workspaces[3];
  bool declined = false;
  const auto call = [&](const DLTensor& from, DLTensor& to, const std::string& algorithm, DeviceBuffer& memory) {
    if (declined) return;  // what it would read was not written
    tk_options o;
    tk_options_init(&o);
    if (!algorithm.empty()) o.algorithm = algorithm.c_str();
    std::size_t needed = 0;
    tk_status status = tk_topk_workspace(&from, to.shape[1], &o, &to, nullptr, &needed);
    std::vector<std::int64_t> bytes{static_cast<std::int64_t>(needed)};
    DLTensor workspace = device_matrix(memory.reserve_dirty(needed), {kDLUInt, 8, 1}, bytes);
    if (status == TK_OK) status = tk_topk(&from, to.shape[1], &o, &to, nullptr, needed == 0 ? nullptr : &workspace, s);
    declined = declined || status == TK_UNSUPPORTED;
    if (status != TK_OK && status != TK_UNSUPPORTED) throw std::runtime_error(tk_last_error());
  };
  std::vector<float> a(kRows * kFew), b(kRows * kFew);
  for (int round = 0; round < rounds; ++round) {
    for (std::size_t i = 0; i < x.size(); ++i)
      x[i] = static_cast<float>((i * 2654435761U + static_cast<unsigned>(round) * 40503U) % 1000003U);
    check(cudaMemcpyAsync(input.data(), x.data(), x.size() * 4, cudaMemcpyHostToDevice, s), "copy");
    call(dl_x, dl_direct, "", workspaces[0]);
    call(dl_x, dl_many, first, workspaces[1]);
    call(dl_many, dl_few, second, workspaces[2]);
    if (declined) return;
    check(cudaMemcpyAsync(a.data(), few.data(), a.size() * 4, cudaMemcpyDeviceToHost, s), "copy");
    check(cudaMemcpyAsync(b.data(), direct.data(), b.size() * 4, cudaMemcpyDeviceToHost, s), "copy");
    stream.synchronize();
    if (a == b)
      report.pass();
    else
      report.fail(first + " then " + second + ", one reading the other's output: wrong in round " +
                  std::to_string(round));
  }
}

}  // namespace

void test_streams(const Options& options, Report& report) {
  const auto guarded = [&](const std::string& what, const auto& body) {
    try {
      body();
    } catch (const std::exception& failure) {
      report.fail(what + ": " + failure.what());
    }
  };
  for (const std::string& algorithm : cuda_algorithms()) {
    guarded("8 streams, " + algorithm, [&] { eight_at_once(algorithm, options.reduced ? 1 : 40, report); });
    for (const std::string& second : cuda_algorithms())
      guarded(algorithm + " then " + second, [&] { chained(algorithm, second, options.reduced ? 1 : 20, report); });
  }
}

}  // namespace topkit::gpu_test
