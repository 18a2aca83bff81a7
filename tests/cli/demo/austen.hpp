// The model in model/, and what torch computed of it in float64.
#pragma once

#include <cstring>
#include <string>
#include <vector>

#include "cli/demo/gpt.hpp"
#include "cli/mapped_file.hpp"
#include "cli/safetensors.hpp"

namespace topkit::cli::demo {

inline const std::string kModelFolder = std::string(TOPKIT_SOURCE_DIR) + "/model";

inline const Gpt& austen() {
  static const Gpt gpt = read_gpt(kModelFolder + "/austen.safetensors");
  return gpt;
}

struct Answer {
  std::vector<std::int32_t> context;
  std::vector<float> logits;
};

inline std::vector<Answer> answers() {
  const std::string path = kModelFolder + "/real_logits.safetensors";
  const MappedFile file(path);
  const auto read = [&](const char* name, auto element) {
    const TensorView view = read_safetensors(file.bytes(), path, name);
    std::vector<decltype(element)> values(view.size / sizeof element);
    std::memcpy(values.data(), file.bytes().data() + view.offset, view.size);
    return values;
  };
  const std::vector<std::uint16_t> contexts = read("contexts", std::uint16_t{}),
                                   lengths = read("lengths", std::uint16_t{});
  const std::vector<float> logits = read("logits", float{});
  std::vector<Answer> answers(lengths.size());
  const auto row = [&](const auto& all, std::size_t r, std::size_t count) {
    return std::vector(all.begin() + static_cast<std::ptrdiff_t>(all.size() / lengths.size() * r),
                       all.begin() + static_cast<std::ptrdiff_t>(all.size() / lengths.size() * r + count));
  };
  for (std::size_t r = 0; r < lengths.size(); ++r) {
    for (const std::uint16_t token : row(contexts, r, lengths[r])) answers[r].context.push_back(token);
    answers[r].logits = row(logits, r, logits.size() / lengths.size());
  }
  return answers;
}

}  // namespace topkit::cli::demo
