// WordNet (Princeton; Debian package wordnet-base): its meanings, and what is above each of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

namespace topkit::cli::demo {

struct Meaning {
  std::string words;                // "violin, fiddle"
  std::string definition;           // without the example sentences
  std::vector<std::int32_t> above;  // direct hypernyms, as positions in WordNet::meanings
};

struct WordNet {
  std::vector<Meaning> meanings;  // nouns first

  // The most frequent meaning of a noun, -1 when there is none.
  std::int32_t find(std::string_view noun) const;

  std::vector<std::pair<std::string, std::int32_t>> nouns;  // sorted by word; the first meaning of each
};

// Reads data.* and index.noun of `folder`. Throws Failure when they are not there or not WordNet's.
WordNet read_wordnet(const std::string& folder);

}  // namespace topkit::cli::demo
