// Warp operations of the host stand-in, under CUDA's names.
#pragma once

#include <bit>
#include <cstdint>
#include <cstring>
#include <type_traits>

#include "machine.hpp"

namespace topkit::simt {

// The types CUDA's shuffles take; smaller integers are promoted there too.
template <class T>
concept Shuffled = std::is_arithmetic_v<T> && sizeof(T) <= 8;

template <class T>
std::uint64_t to_word(T value) {
  std::uint64_t word = 0;
  std::memcpy(&word, &value, sizeof value);
  return word;
}

template <class T>
T from_word(std::uint64_t word) {
  T value;
  std::memcpy(&value, &word, sizeof value);
  return value;
}

inline int lane_of_this_thread() { return static_cast<int>(threadIdx.x % 32); }

template <class T>
std::uint64_t fold(const std::uint64_t* words, std::uint32_t arrived, T (*f)(T, T)) {
  T result = from_word<T>(words[std::countr_zero(arrived)]);
  for (arrived &= arrived - 1; arrived != 0; arrived &= arrived - 1)
    result = f(result, from_word<T>(words[std::countr_zero(arrived)]));
  return to_word(result);
}

template <class T>
concept Reduced = std::is_same_v<T, unsigned> || std::is_same_v<T, int>;

}  // namespace topkit::simt

// NOLINTBEGIN(bugprone-reserved-identifier)
inline void __syncwarp(unsigned mask = 0xFFFFFFFFU, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  topkit::simt::meet(mask, "__syncwarp", {file, line}, 0);
}

template <topkit::simt::Shuffled T>
T __shfl_sync(unsigned mask, T value, int source, int width = 32, const char* file = __builtin_FILE(),
              int line = __builtin_LINE()) {
  const auto& m = topkit::simt::meet(mask, "__shfl_sync", {file, line}, topkit::simt::to_word(value));
  const int first = topkit::simt::lane_of_this_thread() & ~(width - 1);
  return topkit::simt::from_word<T>(m.words[first + (source & (width - 1))]);
}

template <topkit::simt::Shuffled T>
T __shfl_xor_sync(unsigned mask, T value, int lane_mask, int width = 32, const char* file = __builtin_FILE(),
                  int line = __builtin_LINE()) {
  const auto& m = topkit::simt::meet(mask, "__shfl_xor_sync", {file, line}, topkit::simt::to_word(value));
  const int me = topkit::simt::lane_of_this_thread();
  const int source = me ^ lane_mask;  // a later group's lane is out of reach, an earlier one's is not
  return topkit::simt::from_word<T>(m.words[source > (me | (width - 1)) ? me : source]);
}

template <topkit::simt::Shuffled T>
T __shfl_up_sync(unsigned mask, T value, unsigned delta, int width = 32, const char* file = __builtin_FILE(),
                 int line = __builtin_LINE()) {
  const auto& m = topkit::simt::meet(mask, "__shfl_up_sync", {file, line}, topkit::simt::to_word(value));
  const int me = topkit::simt::lane_of_this_thread();
  const int source = me - static_cast<int>(delta);
  return topkit::simt::from_word<T>(m.words[source < (me & ~(width - 1)) ? me : source]);
}

template <topkit::simt::Shuffled T>
T __shfl_down_sync(unsigned mask, T value, unsigned delta, int width = 32, const char* file = __builtin_FILE(),
                   int line = __builtin_LINE()) {
  const auto& m = topkit::simt::meet(mask, "__shfl_down_sync", {file, line}, topkit::simt::to_word(value));
  const int me = topkit::simt::lane_of_this_thread();
  const int source = me + static_cast<int>(delta);
  return topkit::simt::from_word<T>(m.words[source > (me | (width - 1)) ? me : source]);
}

namespace topkit::cuda {
inline void add_from_below(std::uint32_t& sum, unsigned distance, const char* file = __builtin_FILE(),
                           int line = __builtin_LINE()) {
  const std::uint32_t other = __shfl_up_sync(~0U, sum, distance, 32, file, line);
  if (static_cast<unsigned>(topkit::simt::lane_of_this_thread()) >= distance) sum += other;
}
}  // namespace topkit::cuda

inline unsigned __ballot_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(),
                              int line = __builtin_LINE()) {
  const auto votes = [](const std::uint64_t* words, std::uint32_t arrived) {
    std::uint64_t result = 0;
    for (; arrived != 0; arrived &= arrived - 1)
      result |= words[std::countr_zero(arrived)] << std::countr_zero(arrived);
    return result;
  };
  return static_cast<unsigned>(
      topkit::simt::meet(mask, "__ballot_sync", {file, line}, predicate != 0 ? 1 : 0, votes).result);
}

inline int __any_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const auto any = [](const std::uint64_t* words, std::uint32_t arrived) {
    return topkit::simt::fold<unsigned>(words, arrived, [](unsigned a, unsigned b) { return a | b; });
  };
  return static_cast<int>(topkit::simt::meet(mask, "__any_sync", {file, line}, predicate != 0 ? 1 : 0, any).result);
}

inline int __all_sync(unsigned mask, int predicate, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const auto all = [](const std::uint64_t* words, std::uint32_t arrived) {
    return topkit::simt::fold<unsigned>(words, arrived, [](unsigned a, unsigned b) { return a & b; });
  };
  return static_cast<int>(topkit::simt::meet(mask, "__all_sync", {file, line}, predicate != 0 ? 1 : 0, all).result);
}

template <topkit::simt::Shuffled T>
unsigned __match_any_sync(unsigned mask, T value, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const std::uint64_t word = topkit::simt::to_word(value);
  const auto& m = topkit::simt::meet(mask, "__match_any_sync", {file, line}, word);
  unsigned equal = 0;
  for (std::uint32_t lanes = m.arrived; lanes != 0; lanes &= lanes - 1)
    if (m.words[std::countr_zero(lanes)] == word) equal |= lanes & -lanes;
  return equal;
}

template <topkit::simt::Reduced T>
T __reduce_max_sync(unsigned mask, T value, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const auto f = [](const std::uint64_t* words, std::uint32_t arrived) {
    return topkit::simt::fold<T>(words, arrived, [](T a, T b) { return a > b ? a : b; });
  };
  return topkit::simt::from_word<T>(
      topkit::simt::meet(mask, "__reduce_max_sync", {file, line}, topkit::simt::to_word(value), f).result);
}

template <topkit::simt::Reduced T>
T __reduce_min_sync(unsigned mask, T value, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const auto f = [](const std::uint64_t* words, std::uint32_t arrived) {
    return topkit::simt::fold<T>(words, arrived, [](T a, T b) { return a < b ? a : b; });
  };
  return topkit::simt::from_word<T>(
      topkit::simt::meet(mask, "__reduce_min_sync", {file, line}, topkit::simt::to_word(value), f).result);
}

template <topkit::simt::Reduced T>
T __reduce_add_sync(unsigned mask, T value, const char* file = __builtin_FILE(), int line = __builtin_LINE()) {
  const auto f = [](const std::uint64_t* words, std::uint32_t arrived) {
    return topkit::simt::fold<unsigned>(words, arrived, [](unsigned a, unsigned b) { return a + b; });
  };
  return topkit::simt::from_word<T>(
      topkit::simt::meet(mask, "__reduce_add_sync", {file, line}, topkit::simt::to_word(value), f).result);
}

inline unsigned __reduce_or_sync(unsigned mask, unsigned value, const char* file = __builtin_FILE(),
                                 int line = __builtin_LINE()) {
  const auto f = [](const std::uint64_t* words, std::uint32_t arrived) {
    return topkit::simt::fold<unsigned>(words, arrived, [](unsigned a, unsigned b) { return a | b; });
  };
  return static_cast<unsigned>(topkit::simt::meet(mask, "__reduce_or_sync", {file, line}, value, f).result);
}

inline unsigned __reduce_and_sync(unsigned mask, unsigned value, const char* file = __builtin_FILE(),
                                  int line = __builtin_LINE()) {
  const auto f = [](const std::uint64_t* words, std::uint32_t arrived) {
    return topkit::simt::fold<unsigned>(words, arrived, [](unsigned a, unsigned b) { return a & b; });
  };
  return static_cast<unsigned>(topkit::simt::meet(mask, "__reduce_and_sync", {file, line}, value, f).result);
}
// NOLINTEND(bugprone-reserved-identifier)
