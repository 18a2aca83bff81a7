// One pass adds up the mass of equal steps of y, which follow the order; the edge lies in one of them, whose tokens are
// collected and parted by z around pivots until the edge is found, as quickselect finds a rank.
#include "sample_nucleus.hpp"

#include <algorithm>

namespace topkit::cpu {
namespace {

float median(float a, float b, float c) { return std::max(std::min(a, b), std::min(std::max(a, b), c)); }

// Tokens of one bin, as three arrays that are parted together.
class Tokens {
 public:
  Tokens(const NucleusScratch& scratch) : z_(scratch.z), ids_(scratch.ids), weights_(scratch.weights) {}

  struct Edge {
    float z;
    std::int32_t id;
    std::uint32_t count;   // from the first on, the edge included
    std::uint64_t before;  // mass, the edge included
  };

  // The last of the first `count` in their order that has less than `limit` before it, given `before` of the tokens that
  // precede all of them, which is less than limit.
  Edge find(std::uint32_t count, std::uint64_t before, std::uint64_t limit) {
    std::uint32_t low = 0, high = count;
    for (;;) {
      // [low, above) are greater than the pivot, [above, equal) are it, [equal, high) are less.
      const float pivot = median(z_[low], z_[low + (high - low) / 2], z_[high - 1]);
      const std::uint32_t above = part(low, high, [&](float z) { return z > pivot; });
      const std::uint32_t equal = part(above, high, [&](float z) { return z == pivot; });
      const std::uint64_t mass_above = mass(low, above), weight = weights_[above];
      if (before + mass_above >= limit) {
        high = above;
        continue;
      }
      before += mass_above;
      // Ties have one weight: of them, in the order of their ids, as many as begin below the limit.
      const std::uint64_t ties = equal - above;
      const std::uint64_t fit = weight == 0 ? ties : std::min(ties, (limit - before + weight - 1) / weight);
      before += fit * weight;
      if (before >= limit || equal == high) {
        const std::uint32_t last = above + static_cast<std::uint32_t>(fit) - 1;
        std::nth_element(ids_ + above, ids_ + last, ids_ + equal);
        return {pivot, ids_[last], last + 1, before};
      }
      low = equal;
    }
  }

 private:
  std::uint64_t mass(std::uint32_t from, std::uint32_t to) const {
    std::uint64_t sum = 0;
    for (; from < to; ++from) sum += weights_[from];
    return sum;
  }
  template <class First>
  std::uint32_t part(std::uint32_t from, std::uint32_t to, const First& first) {
    std::uint32_t end = from;
    for (std::uint32_t i = from; i < to; ++i) {
      if (!first(z_[i])) continue;
      std::swap(z_[i], z_[end]);
      std::swap(ids_[i], ids_[end]);
      std::swap(weights_[i], weights_[end]);
      ++end;
    }
    return end;
  }

  float* z_;
  std::int32_t* ids_;
  std::uint64_t* weights_;
};

}  // namespace

Kept nucleus(const SampleRow& row, const Prefix& all, std::uint64_t limit, const NucleusScratch& scratch) {
  Bins& bins = *scratch.bins;
  bins = {};
  row.kernels->bin(row.x, row.cols, all, bins);
  std::uint64_t before = 0;
  std::uint32_t count = 0, bin = 0;
  while (bin < kBins && before + bins.bin[bin].mass < limit) {
    before += bins.bin[bin].mass;
    count += bins.bin[bin++].count;
  }
  Kept kept{.any = true, .count = count, .mass = before, .prefix = all};
  if (bin == kBins) return kept;  // the limit is beyond what min-p keeps
  const std::uint32_t found = row.kernels->collect(row.x, row.cols, all, bin, scratch.z, scratch.ids);
  row.lists->weights(scratch.z, found, all.weighing, scratch.weights);
  const auto edge = Tokens(scratch).find(found, before, limit);
  kept.prefix.z = edge.z;
  kept.prefix.id = edge.id;
  kept.count += edge.count;
  kept.mass = edge.before;
  return kept;
}

}  // namespace topkit::cpu
