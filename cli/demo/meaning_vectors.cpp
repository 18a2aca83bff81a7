#include "cli/demo/meaning_vectors.hpp"

#include <algorithm>
#include <cmath>
#include <string>
#include <string_view>
#include <unordered_map>

namespace topkit::cli::demo {
namespace {

// A word's share of a vector against that of its meanings above.
constexpr float kDefinitionWord = 1.0F, kOwnWord = 1.0F, kAbove = 1.2F, kFade = 0.8F;
constexpr int kFarthest = 8;  // steps up

// Words in lower case without a plural s, so that "string" meets "strings".
template <class Body>
void for_each_word(std::string_view text, Body&& body) {
  std::string word;
  for (std::size_t i = 0; i <= text.size(); ++i) {
    const char c = i < text.size() ? text[i] : ' ';
    if (c >= 'A' && c <= 'Z') {
      word += static_cast<char>(c - 'A' + 'a');
    } else if (c >= 'a' && c <= 'z') {
      word += c;
    } else if (!word.empty()) {
      if (word.size() > 3 && word.back() == 's' && word[word.size() - 2] != 's') word.pop_back();
      body(word);
      word.clear();
    }
  }
}

}  // namespace

MeaningVectors::MeaningVectors(const WordNet& net) : vectors_(net.meanings.size()) {
  const auto count = static_cast<std::int32_t>(net.meanings.size());
  std::unordered_map<std::string, std::int32_t> features;  // words; meaning m is feature m
  const auto feature_of = [&](const std::string& word) {
    return features.emplace(word, count + static_cast<std::int32_t>(features.size())).first->second;
  };
  for (std::int32_t m = 0; m < count; ++m) {
    const Meaning& meaning = net.meanings[static_cast<std::size_t>(m)];
    std::vector<Entry>& vector = vectors_[static_cast<std::size_t>(m)];
    for_each_word(meaning.definition, [&](const std::string& w) {
      vector.push_back({feature_of(w), kDefinitionWord});
    });
    for_each_word(meaning.words, [&](const std::string& w) { vector.push_back({feature_of(w), kOwnWord}); });
    std::vector<std::int32_t> level{m};
    float weight = kAbove;
    for (int step = 0; step < kFarthest && !level.empty(); ++step, weight *= kFade) {
      std::vector<std::int32_t> next;
      for (const std::int32_t at : level) {
        vector.push_back({at, weight});
        const auto& above = net.meanings[static_cast<std::size_t>(at)].above;
        next.insert(next.end(), above.begin(), above.end());
      }
      level = std::move(next);
    }
    // One entry a feature: the heaviest.
    std::sort(vector.begin(), vector.end(),
              [](const Entry& a, const Entry& b) { return a.at != b.at ? a.at < b.at : a.weight > b.weight; });
    vector.erase(std::unique(vector.begin(), vector.end(), [](const Entry& a, const Entry& b) { return a.at == b.at; }),
                 vector.end());
  }
  std::vector<std::int32_t> frequency(static_cast<std::size_t>(count) + features.size());
  for (const auto& vector : vectors_)
    for (const Entry& entry : vector) ++frequency[static_cast<std::size_t>(entry.at)];
  postings_.resize(frequency.size());
  for (std::int32_t m = 0; m < count; ++m) {
    std::vector<Entry>& vector = vectors_[static_cast<std::size_t>(m)];
    float square = 0;
    for (Entry& entry : vector) {
      const auto rarity = static_cast<float>(count) / static_cast<float>(frequency[static_cast<std::size_t>(entry.at)]);
      entry.weight *= std::log(rarity);
      square += entry.weight * entry.weight;
    }
    for (Entry& entry : vector) {
      entry.weight /= std::sqrt(std::max(square, 1e-20F));
      postings_[static_cast<std::size_t>(entry.at)].push_back({m, entry.weight});
    }
  }
}

void MeaningVectors::cosines(std::int32_t query, std::span<float> scores) const {
  std::fill(scores.begin(), scores.end(), 0.0F);
  for (const Entry& feature : vectors_[static_cast<std::size_t>(query)])
    for (const Entry& posting : postings_[static_cast<std::size_t>(feature.at)])
      scores[static_cast<std::size_t>(posting.at)] += feature.weight * posting.weight;
}

}  // namespace topkit::cli::demo
