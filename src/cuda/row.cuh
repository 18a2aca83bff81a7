// One row as 16-byte granules: vector loads where a granule lies inside the row, single elements at its two ends.
#pragma once

#include "../args.hpp"
#include "element.hpp"

namespace topkit::cuda {

// Granule g holds elements g * kPerVec - shift .. + kPerVec - 1 of the row; the base may have any alignment its type has.
template <class E>
struct Row {
  using Raw = typename E::Raw;
  static constexpr int kPerVec = 16 / static_cast<int>(sizeof(Raw));

  const Raw* x;         // the row's first element that takes part
  std::uint32_t count;  // how many do
  std::uint32_t shift;  // elements between x and the 16-byte boundary at or below it

  __device__ Row(const Args& args, const Args::Span& span, std::int64_t row)
      : x(static_cast<const Raw*>(args.x) + row * args.problem.layout.outer_stride + span.begin),
        count(static_cast<std::uint32_t>(span.end - span.begin)),
        shift(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(x) % 16 / sizeof(Raw))) {}

  __device__ Row(const void* first, std::uint32_t elements)
      : x(static_cast<const Raw*>(first)),
        count(elements),
        shift(static_cast<std::uint32_t>(reinterpret_cast<std::uintptr_t>(x) % 16 / sizeof(Raw))) {}

  __device__ std::uint32_t granules() const { return (shift + count + kPerVec - 1) / kPerVec; }

  // Position in the row of element e of granule g; >= count when it is outside.
  __device__ std::uint32_t position(std::uint32_t g, int e) const { return g * kPerVec + e - shift; }

  __device__ bool inside(std::uint32_t g) const { return g * kPerVec >= shift && (g + 1) * kPerVec <= shift + count; }
  __device__ const Vec* vec(std::uint32_t g) const { return reinterpret_cast<const Vec*>(x - shift) + g; }
  __device__ Vec load_inside(std::uint32_t g) const { return load_once(vec(g)); }

  // Granule g is vectors()[g], where it is inside.
  __device__ const Vec* vectors() const { return reinterpret_cast<const Vec*>(x - shift); }

  // A granule that sticks out of the row; zeros where it does.
  __device__ Vec load_edge(std::uint32_t g) const {
    Vec v{};
#pragma unroll
    for (int e = 0; e < kPerVec; ++e) {
      const std::uint32_t p = position(g, e);
      constexpr int kPerWord = 4 / static_cast<int>(sizeof(Raw));
      if (p < count)
        v.word[e / kPerWord] |= static_cast<std::uint32_t>(x[p])
                                << (e % kPerWord * 8 * static_cast<int>(sizeof(Raw)) % 32);
    }
    return v;
  }

  // The packs of any granule; elements outside the row are kPad.
  __device__ void load(const E& element, std::uint32_t g, Pack (&packs)[E::kPacksPerVec]) const {
    if (inside(g)) {
      element.unpack(load_inside(g), packs);
    } else {
      load_edge(element, g, packs);
    }
  }

 private:
  __device__ void load_edge(const E& element, std::uint32_t g, Pack (&packs)[E::kPacksPerVec]) const {
    std::uint32_t valid = 0;
#pragma unroll
    for (int e = 0; e < kPerVec; ++e) valid |= (position(g, e) < count ? 1U : 0U) << e;
    element.unpack(load_edge(g), packs);
#pragma unroll
    for (int i = 0; i < E::kPacksPerVec; ++i) {
      if constexpr (E::kPerPack == 1) {
        if ((valid >> i & 1U) == 0) packs[i] = E::kPad;
      } else {
        const std::uint32_t keep =
            ((valid >> (2 * i) & 1U) != 0 ? 0xffffU : 0U) | ((valid >> (2 * i + 1) & 1U) != 0 ? 0xffff0000U : 0U);
        packs[i] = (packs[i] & keep) | (E::kPad & ~keep);
      }
    }
  }
};

}  // namespace topkit::cuda
