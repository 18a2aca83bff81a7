#include "cli/validate/contestant.hpp"

#include <algorithm>
#include <array>
#include <cstring>

#include "cli/cuda_driver.hpp"
#include "text.hpp"

namespace topkit::cli::validate {
namespace {

constexpr std::byte kPoison{0xa5};

// Where the arrays of a call lie.
struct Places {
  void *x, *lengths, *values, *indices, *workspace;
};

class Asked {
 public:
  Asked(const Question& question, const Contestant& who, int threads, const Places& at)
      : check_(question.check()),
        device_{who.device, 0},
        x_shape_{check_.rows, check_.cols},
        out_shape_{check_.rows, check_.k},
        row_shape_{check_.rows} {
    const DLDataType type = info(check_.dtype).dl;
    const DLDataType index{kDLInt, static_cast<std::uint8_t>(check_.index_type == IndexType::i32 ? 32 : 64), 1};
    x_ = {at.x, device_, 2, type, x_shape_.data(), nullptr, 0};
    lengths_ = {at.lengths, device_, 1, {kDLInt, 64, 1}, row_shape_.data(), nullptr, 0};
    values_ = {at.values, device_, 2, type, out_shape_.data(), nullptr, 0};
    indices_ = {at.indices, device_, 2, index, out_shape_.data(), nullptr, 0};
    tk_options_init(&options_);
    options_.largest = check_.largest ? 1 : 0;
    options_.order = static_cast<std::int32_t>(check_.order);
    options_.nan = static_cast<std::int32_t>(check_.nan);
    options_.threads = threads;
    if (check_.ragged) options_.lengths = &lengths_;
    if (!who.algorithm.empty()) options_.algorithm = who.algorithm.c_str();
    if (!who.isa.empty()) options_.isa = who.isa.c_str();
  }

  tk_status workspace_bytes(std::size_t& bytes) {
    return tk_topk_workspace(&x_, check_.k, &options_, &values_, &indices_, &bytes);
  }
  tk_status run(void* workspace, std::size_t bytes) {
    std::array<std::int64_t, 1> shape{static_cast<std::int64_t>(bytes)};
    DLTensor tensor{workspace, device_, 1, {kDLUInt, 8, 1}, shape.data(), nullptr, 0};
    return tk_topk(&x_, check_.k, &options_, &values_, &indices_, bytes == 0 ? nullptr : &tensor, nullptr);
  }

 private:
  const Check& check_;
  DLDevice device_;
  std::array<std::int64_t, 2> x_shape_, out_shape_;
  std::array<std::int64_t, 1> row_shape_;
  DLTensor x_{}, lengths_{}, values_{}, indices_{};
  tk_options options_{};
};

// A forced algorithm need not solve every problem; it says so before it writes.
Reply refusal(tk_status status, const Contestant& who) {
  const bool declined = status == TK_UNSUPPORTED && !who.algorithm.empty();
  return {declined ? Outcome::declined : Outcome::wrong, declined ? "" : tk_last_error()};
}

Reply verdict(const Question& question, const std::vector<std::byte>& values, const std::vector<std::byte>& indices) {
  const std::string complaint = question.complaint(values.data(), indices.data());
  return {complaint.empty() ? Outcome::right : Outcome::wrong, complaint};
}

class CpuSide : public Side {
 public:
  void put(const Question& question) override { question_ = &question; }

  Reply ask(const Contestant& who, int threads) override {
    const Question& question = *question_;
    std::vector<std::byte> values(question.value_bytes(), kPoison), indices(question.index_bytes(), kPoison);
    auto* x =
        const_cast<std::byte*>(question.x().data());  // inputs are only read; DLTensor has one pointer type for both
    auto* lengths = const_cast<std::int64_t*>(question.lengths().data());
    Asked call(question, who, threads, {x, lengths, values.data(), indices.data(), nullptr});
    const tk_status status = call.run(nullptr, 0);
    return status != TK_OK ? refusal(status, who) : verdict(question, values, indices);
  }

 private:
  const Question* question_ = nullptr;
};

class CudaSide : public Side {
 public:
  void put(const Question& question) override {
    question_ = &question;
    driver_.upload(x_.reserve(question.x().size()), question.x().data(), question.x().size());
    const std::size_t bytes = question.lengths().size() * 8;
    if (bytes > 0) driver_.upload(lengths_.reserve(bytes), question.lengths().data(), bytes);
  }

  Reply ask(const Contestant& who, int) override {
    const Question& question = *question_;
    std::vector<std::byte> values(question.value_bytes(), kPoison), indices(question.index_bytes(), kPoison);
    driver_.upload(values_.reserve(values.size()), values.data(), values.size());
    driver_.upload(indices_.reserve(indices.size()), indices.data(), indices.size());
    Asked call(question, who, 0, {x_.data(), lengths_.data(), values_.data(), indices_.data(), nullptr});
    std::size_t bytes = 0;
    tk_status status = call.workspace_bytes(bytes);
    if (status == TK_OK) {
      const std::vector<std::byte> dirt(bytes, kPoison);
      if (bytes > 0) driver_.upload(workspace_.reserve(bytes), dirt.data(), bytes);
      status = call.run(workspace_.data(), bytes);
    }
    if (status != TK_OK) return refusal(status, who);
    driver_.download(values.data(), values_.reserve(0), values.size());
    driver_.download(indices.data(), indices_.reserve(0), indices.size());
    return verdict(question, values, indices);
  }

 private:
  CudaDriver driver_;
  CudaBuffer x_{driver_}, lengths_{driver_}, values_{driver_}, indices_{driver_}, workspace_{driver_};
  const Question* question_ = nullptr;
};

}  // namespace

std::string Contestant::name() const {
  const std::string who = algorithm.empty() ? "the plan's choice" : algorithm;
  return isa.empty() ? who : formatted("{}/{}", who, isa);
}

std::unique_ptr<Side> cpu_side() { return std::make_unique<CpuSide>(); }
std::unique_ptr<Side> cuda_side() { return std::make_unique<CudaSide>(); }

std::vector<Contestant> contestants(DLDeviceType device) {
  std::vector<Contestant> all{{.device = device}};
  for (std::int32_t a = 0; a < tk_algorithm_count(); ++a) {
    if (tk_algorithm_device(a) != device) continue;
    if (device != kDLCPU) all.push_back({.algorithm = tk_algorithm_name(a), .device = device});
    for (std::int32_t i = 0; device == kDLCPU && i < tk_isa_count(); ++i)
      if (tk_isa_available(i) != 0) all.push_back({.algorithm = tk_algorithm_name(a), .isa = tk_isa_name(i)});
  }
  return all;
}

}  // namespace topkit::cli::validate
