#include "cli/demo/gpt.hpp"

#include <algorithm>
#include <array>
#include <cmath>
#include <cstring>
#include <filesystem>
#include <utility>

#include "cli/error.hpp"
#include "cli/mapped_file.hpp"
#include "cli/small_float.hpp"
#include "sampling/lanes.hpp"
#include "sampling/math.hpp"

namespace topkit::cli::demo {
namespace {

constexpr std::size_t kLanes =
    8;  // sums that run side by side: vectors for the compiler, and one order on every machine

float dot(std::span<const float> a, std::span<const float> b) {
  std::array<float, kLanes> sums{};
  for (std::size_t i = 0; i < a.size(); i += kLanes)
    for (std::size_t j = 0; j < kLanes; ++j) sums[j] += a[i + j] * b[i + j];
  for (std::size_t half = kLanes / 2; half > 0; half /= 2)
    for (std::size_t j = 0; j < half; ++j) sums[j] += sums[j + half];
  return sums[0];
}

void multiply(const Matrix& matrix, std::span<const float> x, std::vector<float>& y) {
  y.resize(static_cast<std::size_t>(matrix.rows));
  for (std::int64_t r = 0; r < matrix.rows; ++r) y[static_cast<std::size_t>(r)] = dot(matrix.row(r), x);
}

void normalise(std::span<const float> x, std::vector<float>& y) {
  const float scale = 1 / std::sqrt(dot(x, x) / static_cast<float>(x.size()) + 1e-5F);
  y.resize(x.size());
  for (std::size_t i = 0; i < x.size(); ++i) y[i] = x[i] * scale;
}

void add(std::vector<float>& x, std::span<const float> y) {
  for (std::size_t i = 0; i < x.size(); ++i) x[i] += y[i];
}

// Shares in proportion to e^scores. e^x is ours, for the C library's may differ from machine to machine.
void softmax(std::span<float> scores) {
  const float most = *std::max_element(scores.begin(), scores.end());
  float sum = 0;
  for (float& score : scores) sum += score = sampling::exp2<sampling::OneLane<>>((score - most) * 0x1.715476p+0F);
  for (float& score : scores) score /= sum;
}

class Weights {
 public:
  explicit Weights(const std::string& path) : file_(path), path_(path) {}

  TensorView view(std::string_view name, DType dtype, std::size_t axes) const {
    TensorView view = read_safetensors(file_.bytes(), path_, name);
    if (view.dtype != dtype || view.shape.size() != axes)
      invalid("file {}: tensor {} has {} axes of {}, must have {} of {}", path_, quote(name), view.shape.size(),
              topkit::name(view.dtype), axes, topkit::name(dtype));
    return view;
  }

  std::vector<std::uint16_t> words(const TensorView& view) const {
    std::vector<std::uint16_t> words(view.size / 2);
    std::memcpy(words.data(), file_.bytes().data() + view.offset, view.size);
    return words;
  }

  // rows and cols as the model needs them; 0 takes what is there.
  Matrix matrix(const std::string& name, std::int64_t rows, std::int64_t cols) const {
    const TensorView found = view(name, DType::f16, 2);
    Matrix matrix{found.shape[0], found.shape[1], {}};
    if ((rows != 0 && matrix.rows != rows) || (cols != 0 && matrix.cols != cols) || matrix.rows == 0 ||
        matrix.cols == 0 || matrix.cols % static_cast<std::int64_t>(kLanes) != 0)
      invalid("file {}: tensor {} is {} x {}: must fit the others, with columns a multiple of {}", path_, quote(name),
              matrix.rows, matrix.cols, kLanes);
    for (const std::uint16_t word : words(found)) matrix.values.push_back(f16_to_float(word));
    return matrix;
  }

  bool has(std::string_view name) const {
    const std::vector<SafeTensor> all = list_safetensors(file_.bytes(), path_);
    return std::any_of(all.begin(), all.end(), [&](const SafeTensor& tensor) { return tensor.name == name; });
  }

 private:
  MappedFile file_;
  std::string path_;
};

}  // namespace

std::int64_t Gpt::parameters() const {
  std::size_t count = 0;
  for (const Matrix* matrix : {&embedding, &bias, &positions, &rise, &fall}) count += matrix->values.size();
  for (const Block& block : blocks)
    for (const Matrix* matrix : {&block.qkv, &block.gather, &block.up, &block.down}) count += matrix->values.size();
  return static_cast<std::int64_t>(count);
}

Gpt read_gpt(const std::string& path) {
  if (!std::filesystem::exists(path))
    invalid("--model = {}: there is no such file; it is in topkit's sources, in the folder model", quote(path));
  const Weights weights(path);
  Gpt gpt{Vocabulary(weights.words(weights.view("merges", DType::u16, 2)), path), {}, {}, {}, {}, {}, {}};
  const std::int64_t tokens = gpt.vocabulary.size();
  gpt.embedding = weights.matrix("embedding", tokens, 0);
  gpt.bias = weights.matrix("bias", 1, tokens);
  gpt.positions = weights.matrix("positions", 0, 0);
  const std::int64_t width = gpt.width();
  if (width % Gpt::kHead != 0) invalid("file {}: a width of {} is no multiple of {}", path, width, Gpt::kHead);
  gpt.rise = weights.matrix("rise", width, gpt.embedding.cols);
  gpt.fall = weights.matrix("fall", gpt.embedding.cols, width);
  for (std::string name; weights.has((name = formatted("blocks.{}.", gpt.blocks.size())) + "qkv");) {
    Block block{weights.matrix(name + "qkv", 3 * width, width),
                weights.matrix(name + "gather", width, width),
                weights.matrix(name + "up", 0, width),
                {}};
    block.down = weights.matrix(name + "down", width, block.up.rows);
    gpt.blocks.push_back(std::move(block));
  }
  return gpt;
}

Reader::Reader(const Gpt& gpt) : gpt_(gpt), keys_(gpt.blocks.size()), values_(gpt.blocks.size()) {}

// normal_ -> out_: each head takes the values of the tokens so far, by how well their keys answer its query.
void Reader::attend(const Block& block, std::size_t number) {
  const auto width = static_cast<std::size_t>(gpt_.width());
  multiply(block.qkv, normal_, qkv_);
  std::vector<float>&keys = keys_[number], &values = values_[number];
  keys.insert(keys.end(), qkv_.begin() + static_cast<std::ptrdiff_t>(width),
              qkv_.end() - static_cast<std::ptrdiff_t>(width));
  values.insert(values.end(), qkv_.end() - static_cast<std::ptrdiff_t>(width), qkv_.end());
  const std::size_t count = keys.size() / width;
  seen_.assign(width, 0.0F);
  scores_.resize(count);
  constexpr std::size_t kHead = Gpt::kHead;
  const float scale = 1 / std::sqrt(static_cast<float>(kHead));
  for (std::size_t head = 0; head < width; head += kHead) {
    const std::span<const float> query(qkv_.data() + head, kHead);
    for (std::size_t t = 0; t < count; ++t) scores_[t] = dot(query, {keys.data() + t * width + head, kHead}) * scale;
    softmax(scores_);
    for (std::size_t t = 0; t < count; ++t)
      for (std::size_t i = 0; i < kHead; ++i) seen_[head + i] += scores_[t] * values[t * width + head + i];
  }
  multiply(block.gather, seen_, out_);
}

std::span<const float> Reader::read(std::int32_t token) {
  multiply(gpt_.rise, gpt_.embedding.row(token), x_);
  add(x_, gpt_.positions.row(length_++));
  for (std::size_t number = 0; number < gpt_.blocks.size(); ++number) {
    const Block& block = gpt_.blocks[number];
    normalise(x_, normal_);
    attend(block, number);
    add(x_, out_);
    normalise(x_, normal_);
    multiply(block.up, normal_, hidden_);
    for (float& h : hidden_) h = h > 0 ? h * h : 0;
    multiply(block.down, hidden_, out_);
    add(x_, out_);
  }
  normalise(x_, normal_);
  multiply(gpt_.fall, normal_, low_);
  multiply(gpt_.embedding, low_, logits_);
  add(logits_, gpt_.bias.row(0));
  return logits_;
}

}  // namespace topkit::cli::demo
