// Steps that some lanes take, for the host stand-in.
#pragma once

#include <cstdint>

namespace topkit::cuda {

inline void count_if(bool holds, std::uint32_t& sum) { sum += holds ? 1 : 0; }
inline void count_above(std::uint32_t& sum, float value, float bound) { sum += value > bound ? 1 : 0; }
inline void add_if_reached(float& sum, float weight, float value, float bound) { sum += value >= bound ? weight : 0; }

template <class Word>
struct SharedEnd {
  Word* at;
  explicit SharedEnd(Word* p) : at(p) {}
};
template <class Word>
void push_if(bool holds, SharedEnd<Word>& end, Word word) {
  if (holds) *end.at++ = word;
}

}  // namespace topkit::cuda
