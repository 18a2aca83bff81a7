// Sorted parts to be merged, as topk would give them, in tensors of several layouts; for any device.
#pragma once

#include <algorithm>
#include <cstdint>
#include <cstring>
#include <numeric>
#include <random>
#include <string>
#include <vector>

#include "key.hpp"
#include "topkit/topkit.h"

namespace topkit::test {

enum class Filling : std::uint8_t { random, full, none };  // how many places of a part are not empty
// one_best: the first part has the best of all; in_turn: each part is better than the next.
enum class Spread : std::uint8_t { even, one_best, in_turn };
enum class Cube : std::uint8_t { packed, rows_first, columns_first, spaced };

struct MergeCase {
  DType dtype = DType::f32;
  std::int64_t parts = 1, rows = 1, width = 1, k = 1;
  bool largest = true;
  Nan nan = Nan::largest;
  Order order = Order::value;
  bool wide = true;    // int64 ids
  unsigned bits = 64;  // of entropy in an element: few bits, many ties
  Filling filling = Filling::random;
  Spread spread = Spread::even;
  Cube cube = Cube::packed;
  bool repeated_ids = false;
};

inline std::string describe(const MergeCase& c) {
  const auto number = [](auto value) { return std::to_string(static_cast<std::int64_t>(value)); };
  return number(c.parts) + " parts of " + number(c.rows) + "x" + number(c.width) + " " + std::string(name(c.dtype)) +
         " k=" + number(c.k) + (c.largest ? " largest" : " smallest") + " nan=" + number(c.nan) +
         " order=" + number(c.order) + (c.wide ? " int64" : " int32") + " bits=" + number(c.bits) +
         " filling=" + number(c.filling) + " spread=" + number(c.spread) + " cube=" + number(c.cube) +
         (c.repeated_ids ? " repeated ids" : "");
}

// Bytes of the host and how a tensor lies in them.
struct MergeTensor {
  DLDataType type{};
  std::vector<std::int64_t> shape, strides;
  std::vector<std::byte> bytes;

  MergeTensor(DLDataType element, std::vector<std::int64_t> dims, std::vector<std::int64_t> steps)
      : type(element), shape(std::move(dims)), strides(std::move(steps)) {
    std::int64_t last = 0;
    for (std::size_t i = 0; i < shape.size(); ++i) last += std::max<std::int64_t>(shape[i] - 1, 0) * strides[i];
    bytes.assign(static_cast<std::size_t>((last + 1) * type.bits / 8), std::byte{0x5a});
  }
  DLTensor at(void* data, DLDevice device) {
    return {data, device, static_cast<int>(shape.size()), type, shape.data(), strides.data(), 0};
  }
  DLTensor on_host(DLDevice device = {kDLCPU, 0}) { return at(bytes.data(), device); }
  void store(std::int64_t part, std::int64_t row, std::int64_t place, std::uint64_t raw) {
    std::memcpy(at(part * strides[0] + row * strides[1] + place * strides[2]), &raw, size());
  }
  // Of parts, then of what they were merged into: raw bits.
  std::uint64_t load(std::int64_t part, std::int64_t row, std::int64_t place) {
    return load_at(part * strides[0] + row * strides[1] + place * strides[2]);
  }
  std::uint64_t load(std::int64_t row, std::int64_t place) { return load_at(row * strides[0] + place * strides[1]); }

 private:
  std::size_t size() const { return static_cast<std::size_t>(type.bits / 8); }
  std::byte* at(std::int64_t element) { return bytes.data() + element * static_cast<std::int64_t>(size()); }
  std::uint64_t load_at(std::int64_t element) {
    std::uint64_t raw = 0;
    std::memcpy(&raw, at(element), size());
    return raw;
  }
};

class MergeParts {
 public:
  MergeParts(const MergeCase& asked, std::uint64_t seed)
      : c(asked),
        values(info(c.dtype).dl, {c.parts, c.rows, c.width}, strides_of(c)),
        ids({kDLInt, static_cast<std::uint8_t>(c.wide ? 64 : 32), 1}, {c.parts, c.rows, c.width}, strides_of(c)) {
    tk_options_init(&options);
    options.largest = c.largest ? 1 : 0;
    options.nan = static_cast<std::int32_t>(c.nan);
    options.order = static_cast<std::int32_t>(c.order);
    std::mt19937_64 random(seed);
    std::vector<std::int64_t> fresh(static_cast<std::size_t>(c.parts * c.width));
    for (std::int64_t row = 0; row < c.rows; ++row) {
      std::iota(fresh.begin(), fresh.end(), -3);  // ids may be negative, but -1 is nobody's
      for (std::int64_t& id : fresh) {
        if (c.repeated_ids) id /= 3;
        if (id == -1) id = std::int64_t{1} << 20;
      }
      std::shuffle(fresh.begin(), fresh.end(), random);
      for (std::int64_t part = 0; part < c.parts; ++part) fill(part, row, &fresh[at(part * c.width)], random);
    }
  }

  MergeTensor merged_values() const { return {values.type, {c.rows, c.k}, merged_strides()}; }
  MergeTensor merged_ids() const { return {ids.type, {c.rows, c.k}, merged_strides()}; }

  MergeCase c;
  MergeTensor values, ids;
  tk_options options{};

 private:
  struct Candidate {
    std::uint64_t key, raw;
    std::int64_t id;
  };

  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }

  static std::vector<std::int64_t> strides_of(const MergeCase& c) {
    switch (c.cube) {
      case Cube::packed: return {c.rows * c.width, c.width, 1};
      case Cube::rows_first: return {c.width, c.parts * c.width, 1};
      case Cube::columns_first: return {c.rows, 1, c.rows * c.parts};
      default: return {(c.rows + 1) * (3 * c.width + 2), 3 * c.width + 2, 3};
    }
  }
  std::vector<std::int64_t> merged_strides() const {
    if (c.cube == Cube::columns_first) return {1, c.rows};
    if (c.cube == Cube::spaced) return {2 * c.k + 1, 2};
    return {c.k, 1};
  }

  std::uint64_t key_of(std::uint64_t raw) const {
    const DTypeInfo& type = info(c.dtype);
    switch (type.bits) {
      case 8: return key_map<std::uint8_t>(type, c.largest, c.nan)(static_cast<std::uint8_t>(raw));
      case 16: return key_map<std::uint16_t>(type, c.largest, c.nan)(static_cast<std::uint16_t>(raw));
      case 32: return key_map<std::uint32_t>(type, c.largest, c.nan)(static_cast<std::uint32_t>(raw));
      default: return key_map<std::uint64_t>(type, c.largest, c.nan)(raw);
    }
  }

  void fill(std::int64_t part, std::int64_t row, const std::int64_t* fresh, std::mt19937_64& random) {
    const unsigned width = static_cast<unsigned>(info(c.dtype).bits);
    const std::uint64_t mask = ~std::uint64_t{0} >> (64 - width);
    const std::uint64_t count = c.filling == Filling::full   ? static_cast<std::uint64_t>(c.width)
                                : c.filling == Filling::none ? 0
                                                             : random() % static_cast<std::uint64_t>(c.width + 1);
    std::vector<Candidate> list(count);
    const unsigned spare = width - std::min(c.bits, width);
    for (Candidate& candidate : list) {
      candidate.id = *fresh++;
      candidate.raw = spare == width ? 0 : (random() << spare) & mask;  // the top bits vary: signs, infinities, NaN
      if (c.spread != Spread::even) {
        const std::uint64_t level =
            c.spread == Spread::in_turn ? static_cast<std::uint64_t>(c.parts - part) : (part == 0 ? 2 : 1);
        candidate.raw = (level << (width - 4) | candidate.raw >> 4) & (mask >> 1);
      }
      candidate.key = key_of(candidate.raw);
    }
    std::sort(list.begin(), list.end(),
              [](const Candidate& a, const Candidate& b) { return a.key != b.key ? a.key > b.key : a.id < b.id; });
    for (std::int64_t place = 0; place < c.width; ++place) {
      const bool there = at(place) < list.size();
      values.store(part, row, place, there ? list[at(place)].raw : random());
      ids.store(part, row, place, static_cast<std::uint64_t>(there ? list[at(place)].id : -1));
    }
  }
};

}  // namespace topkit::test
