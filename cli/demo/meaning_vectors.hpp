// Meanings as sparse unit vectors: how near two meanings are is the cosine of their angle.
#pragma once

#include <cstdint>
#include <span>
#include <utility>
#include <vector>

#include "cli/demo/wordnet.hpp"

namespace topkit::cli::demo {

// A feature is a word of the definition, a word for the meaning, the meaning itself or one above it; its weight is the
// logarithm of how rare it is (tf-idf; Sparck Jones 1972), less for meanings far above.
class MeaningVectors {
 public:
  explicit MeaningVectors(const WordNet& net);

  std::int64_t size() const { return static_cast<std::int64_t>(vectors_.size()); }

  // The cosine of meaning `query` with every meaning; scores has size() places.
  void cosines(std::int32_t query, std::span<float> scores) const;

 private:
  struct Entry {
    std::int32_t at;  // feature of a vector, meaning of a posting
    float weight;
  };
  std::vector<std::vector<Entry>> vectors_;   // by meaning
  std::vector<std::vector<Entry>> postings_;  // by feature
};

}  // namespace topkit::cli::demo
