#include "cli/demo/passage.hpp"

#include <span>

#include "topkit/sampling.hpp"

namespace topkit::cli::demo {

Passage write_on(const Gpt& gpt, const std::vector<std::int32_t>& prompt, std::int64_t count, const Filters& filters,
                 std::uint64_t seed) {
  Passage passage;
  passage.cols = gpt.vocabulary.size();
  Reader reader(gpt);
  std::span<const float> logits;
  for (const std::int32_t token : prompt) logits = reader.read(token);
  for (;;) {
    const auto drawn = topkit::sample<std::int32_t>(logits, {.temperature = filters.temperature,
                                                             .top_k = filters.top_k,
                                                             .top_p = filters.top_p,
                                                             .seed = seed,
                                                             .position = static_cast<std::uint64_t>(reader.length())});
    passage.tokens.push_back(drawn.tokens[0]);
    passage.logits.insert(passage.logits.end(), logits.begin(), logits.end());
    if (passage.rows() == count || reader.full()) return passage;
    logits = reader.read(drawn.tokens[0]);
  }
}

std::string text_of(const Vocabulary& vocabulary, const std::vector<std::int32_t>& tokens) {
  std::string text;
  for (const std::int32_t token : tokens) text += vocabulary.text(token);
  return text;
}

}  // namespace topkit::cli::demo
