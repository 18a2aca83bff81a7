// Puts candidates best first: by key, equal keys by ascending index.
//
// Up to some thousands are packed into integers (distance from the best key << p | place) and sorted by a network. In
// 32 bits not all of the distance may fit: then neighbours with equal prefixes are put right afterwards, and when there
// are too many of them 63 bits are used. Beyond, a stable radix sort moves (distance, index) pairs.
#pragma once

#include "network.hpp"
#include "radix.hpp"

namespace topkit::cpu {
namespace {

template <class V>  // the sortable integers of one width
class BestFirst {
  using S = typename V::S;
  using Raw = typename V::Raw;
  static constexpr std::size_t kBytes = greater<std::size_t>(sizeof(typename V::Reg), 16);
  using Narrow = Network<std::uint32_t, kBytes>;
  using Broad = Network<std::int64_t, kBytes>;
  using Item = std::conditional_t<sizeof(S) == 8, Item64, Item32>;
  static constexpr std::uint32_t kNarrow = 16384;       // networks up to here
  static constexpr std::uint32_t kNarrowPrefix = 4096;  // with a part of the distance
  static constexpr std::uint32_t kBroad = 4096;
  static constexpr int kBucketBits = 13;
  static constexpr bool kByBuckets = sizeof(S) == 4 && kBytes == 64;  // narrower networks are no faster than radix
  static constexpr bool kByCounting = sizeof(S) <= 2;

 public:
  static std::size_t scratch_bytes(std::size_t most) {
    const std::size_t network = round_up<std::size_t>(lesser<std::size_t>(most, kNarrow) * sizeof(S), 64) +
                                round_up<std::size_t>(lesser<std::size_t>(most, kNarrow) * 4, 64) +
                                greater(round_up(lesser<std::size_t>(most, kNarrow), Narrow::kStep) * 4,
                                        round_up(lesser<std::size_t>(most, kBroad), Broad::kStep) * 8);
    const std::size_t radix = 2 * round_up<std::size_t>(most * sizeof(Item), 64);
    const std::size_t counting =
        kByCounting && are_many(most) ? (std::size_t{4} << (8 * sizeof(S))) + round_up<std::size_t>(most * 4, 64) : 0;
    return greater(greater(network, radix), counting);
  }

  // So many that they are ordered by radix, whatever their keys.
  static constexpr bool are_many(std::size_t count) { return count > kNarrow; }

  // Orders many and hands them on in order, values as raw bits in pieces: out(first, count, raw, index). The arguments as
  // for sort(), but the values are lost.
  template <class Out>
  static void each_sorted(SortableKeys<S> keys, const Raw* row, S* values, const std::uint32_t* index,
                          std::uint32_t count, std::byte* scratch, const Out& out) {
    S best, worst;
    extremes(keys, values, count, best, worst);
    const int range_bits = bit_width(distance(best, worst));
    if constexpr (kByCounting) return by_counting(keys, row, best, range_bits, values, index, count, scratch, out);
    const Handover<Out> handover{keys, row, best, out};
    if constexpr (kByBuckets) {
      if (range_bits > kBucketBits) return by_buckets(handover, range_bits, values, index, count, scratch);
    }
    const Item* items = sort_items(keys, best, range_bits, values, index, count, scratch);
    handover(0, count, [items](std::uint32_t i) { return items[i]; });
  }

  // index is ascending; it counts from row, and values[i] is the sortable value of row[index[i]].
  static void sort(SortableKeys<S> keys, const Raw* row, S* values, std::uint32_t* index, std::uint32_t count,
                   std::byte* scratch) {
    if (count < 2) return;
    S best, worst;
    extremes(keys, values, count, best, worst);
    const int range_bits = bit_width(distance(best, worst));
    if (range_bits == 0) return;
    const int place_bits = bit_width(count - 1);
    const bool whole = range_bits + place_bits <= 32;
    if (count <= (whole ? kNarrow : kNarrowPrefix) &&
        by_network<Narrow, std::uint32_t, 32>(keys, best, range_bits, place_bits, values, index, count, scratch))
      return;
    if (count <= kBroad &&
        by_network<Broad, std::int64_t, 63>(keys, best, range_bits, place_bits, values, index, count, scratch))
      return;
    by_radix(keys, best, range_bits, row, values, index, count, scratch);
  }

 private:
  static void extremes(SortableKeys<S> keys, const S* values, std::uint32_t count, S& best, S& worst) {
    auto most = V::Set(std::numeric_limits<S>::min()), least = V::Set(std::numeric_limits<S>::max());
    std::uint32_t i = 0;
    for (; i + V::kLanes <= count; i += V::kLanes) {
      const auto v = V::LoadSorted(values + i);
      most = V::Max(most, v);
      least = V::Min(least, v);
    }
    S lanes[2][V::kLanes];
    V::Store(lanes[0], most);
    V::Store(lanes[1], least);
    best = lanes[0][0];
    worst = lanes[1][0];
    for (std::uint32_t j = 1; j < V::kLanes; ++j) {
      best = greater(best, lanes[0][j]);
      worst = lesser(worst, lanes[1][j]);
    }
    for (; i < count; ++i) {
      best = greater(best, values[i]);
      worst = lesser(worst, values[i]);
    }
    best = keys.canonical(best);  // which keeps the order
    worst = keys.canonical(worst);
  }
  static int bit_width(std::uint64_t x) { return x == 0 ? 0 : 64 - __builtin_clzll(x); }
  static Raw distance(S best, S value) { return static_cast<Raw>(static_cast<Raw>(best) - static_cast<Raw>(value)); }

  // False: more than a few prefixes were equal; nothing was changed.
  template <class Net, class T, int kBits>
  static bool by_network(SortableKeys<S> keys, S best, int range_bits, int place_bits, S* values, std::uint32_t* index,
                         std::uint32_t count, std::byte* scratch) {
    Carver carver(scratch);
    S* old_values = carver.take<S>(count);
    auto* old_index = carver.take<std::uint32_t>(count);
    T* packed = carver.take<T>(round_up<std::size_t>(count, Net::kStep));
    using Wide = std::conditional_t<(sizeof(Raw) > sizeof(T)), Raw, std::make_unsigned_t<T>>;
    const int cut = greater(range_bits + place_bits - kBits, 0);
    for (std::uint32_t i = 0; i < count; ++i)
      packed[i] = static_cast<T>(
          static_cast<Wide>(static_cast<Wide>(distance(best, keys.canonical(values[i]))) >> cut << place_bits) | i);
    Net::sort(packed, count);
    const T place = static_cast<T>((T{1} << place_bits) - 1);
    if (cut != 0) {
      std::uint32_t equal = 0;
      for (std::uint32_t i = 1; i < count; ++i) equal += (packed[i] ^ packed[i - 1]) <= place ? 1U : 0U;
      if (equal > count / 16) return false;
      if (equal != 0) repair(keys, values, packed, count, place);
    }
    std::memcpy(old_values, values, count * sizeof(S));
    std::memcpy(old_index, index, count * sizeof(std::uint32_t));
    for (std::uint32_t i = 0; i < count; ++i) {
      const auto from = static_cast<std::uint32_t>(packed[i] & place);
      values[i] = old_values[from];
      index[i] = old_index[from];
    }
    return true;
  }

  // Insertion among equal prefixes, which stand by ascending place.
  template <class T>
  static void repair(SortableKeys<S> keys, const S* values, T* packed, std::uint32_t count, T place) {
    constexpr std::uint32_t kTogether = 32;
    for (std::uint32_t i = 1; i < count; ++i) {
      if (i % kTogether == 1 && i + kTogether <= count) {  // most are apart
        T apart = 1;
        for (std::uint32_t j = 0; j < kTogether; ++j)
          apart &= static_cast<T>((packed[i + j] ^ packed[i + j - 1]) > place ? 1 : 0);
        if (apart != 0) {
          i += kTogether - 1;
          continue;
        }
      }
      const T item = packed[i];
      if ((packed[i - 1] | place) != (item | place)) continue;
      const S value = keys.canonical(values[item & place]);
      std::uint32_t to = i;
      for (; to > 0 && (packed[to - 1] | place) == (item | place) &&
             keys.canonical(values[packed[to - 1] & place]) < value;
           --to)
        packed[to] = packed[to - 1];
      packed[to] = item;
    }
  }

  static void by_radix(SortableKeys<S> keys, S best, int range_bits, const Raw* row, S* values, std::uint32_t* index,
                       std::uint32_t count, std::byte* scratch) {
    const Item* items = sort_items(keys, best, range_bits, values, index, count, scratch);
    std::uint32_t lossy = 0;
    for (std::uint32_t i = 0; i < count; ++i) {
      index[i] = index_of(items[i]);
      values[i] = value_of(items[i], best);
      lossy |= is_lossy(keys, values[i]);
    }
    if (lossy == 0) return;
    // A zero's sign and a NaN's payload are not in the key.
    for (std::uint32_t i = 0; i < count; ++i)
      if (is_lossy(keys, values[i]) != 0) values[i] = keys.from_raw(row[index[i]]);
  }

  static const Item* sort_items(SortableKeys<S> keys, S best, int range_bits, const S* values,
                                const std::uint32_t* index, std::uint32_t count, std::byte* scratch) {
    Carver carver(scratch);
    Item* items = carver.take<Item>(count);
    Item* spare = carver.take<Item>(count);
    for (std::uint32_t i = 0; i < count; ++i) items[i] = item_of(distance(best, keys.canonical(values[i])), index[i]);
    return radix_sort(items, spare, count, range_bits);
  }

  // Places [first, first + count) of all, item(i) being the i-th of them, in pieces.
  template <class Out>
  struct Handover {
    const SortableKeys<S>& keys;
    const Raw* row;
    S best;
    const Out& out;

    template <class ItemAt>
    void operator()(std::uint32_t first, std::uint32_t count, const ItemAt& item) const {
      constexpr std::uint32_t kPiece = 512;
      const SortableKeys<S> map = keys;
      Item piece[kPiece];  // looked up first: what follows is then done in vectors
      Raw raw[kPiece];
      std::uint32_t places[kPiece];
      for (std::uint32_t at = 0; at < count; at += kPiece) {
        const std::uint32_t n = lesser(count - at, kPiece);
        for (std::uint32_t i = 0; i < n; ++i) piece[i] = item(at + i);
        std::uint32_t lossy = 0;
        for (std::uint32_t i = 0; i < n; ++i) {
          places[i] = index_of(piece[i]);
          const S value = value_of(piece[i], best);
          raw[i] = map.to_raw(value);
          lossy |= is_lossy(map, value);
        }
        if (lossy != 0)  // a zero's sign and a NaN's payload are not in the key
          for (std::uint32_t i = 0; i < n; ++i)
            if (is_lossy(keys, value_of(piece[i], best)) != 0) raw[i] = row[places[i]];
        out(first + at, n, raw, places);
      }
    }
  };

  // Narrow keys: a bucket for each, so that only the index is moved, once.
  template <class Out>
  static void by_counting(SortableKeys<S> keys, const Raw* row, S best, int range_bits, S* values,
                          const std::uint32_t* index, std::uint32_t count, std::byte* scratch, const Out& out) {
    Carver carver(scratch);
    const std::uint32_t buckets = 1U << range_bits;
    auto* const ends = carver.take<std::uint32_t>(buckets);
    auto* const places = carver.take<std::uint32_t>(count);
    auto* const distances = reinterpret_cast<Raw*>(values);
    std::memset(ends, 0, buckets * sizeof(std::uint32_t));
    for (std::uint32_t i = 0; i < count; ++i) distances[i] = distance(best, keys.canonical(values[i]));
    for (std::uint32_t i = 0; i < count; ++i) ++ends[distances[i]];
    std::uint32_t sum = 0;
    for (std::uint32_t b = 0; b < buckets; ++b) {
      const std::uint32_t size = ends[b];
      ends[b] = sum;
      sum += size;
    }
    for (std::uint32_t i = 0; i < count; ++i) places[ends[distances[i]]++] = index[i];
    constexpr std::uint32_t kPiece = 512;
    Raw raw[kPiece];
    std::uint32_t bucket = 0;
    for (std::uint32_t at = 0; at < count; at += kPiece) {
      const std::uint32_t n = lesser(count - at, kPiece);
      for (std::uint32_t i = 0; i < n;) {
        while (ends[bucket] <= at + i) ++bucket;
        const std::uint32_t end = lesser(ends[bucket] - at, n);
        const S value = static_cast<S>(static_cast<Raw>(best) - static_cast<Raw>(bucket));
        if (is_lossy(keys, value) != 0)  // a zero's sign and a NaN's payload are not in the key
          for (; i < end; ++i) raw[i] = row[places[at + i]];
        else
          for (const Raw bits = keys.to_raw(value); i < end; ++i) raw[i] = bits;
      }
      out(at, n, raw, places + at);
    }
  }

  // Into buckets by the highest bits of the distance; then neighbouring buckets together, as far as the network is good for
  // them, while they are in the cache. A bucket of too many is ordered by radix.
  template <class Handover>
  static void by_buckets(const Handover& handover, int range_bits, S* values, const std::uint32_t* index,
                         std::uint32_t count, std::byte* scratch) {
    Carver carver(scratch);
    Item* items = carver.take<Item>(count);
    Item* spare = carver.take<Item>(count);
    constexpr std::uint32_t kMost = 512;  // of buckets together
    auto* const packed = reinterpret_cast<std::uint32_t*>(spare);
    constexpr std::uint32_t kBuckets = 1U << kBucketBits;
    std::uint32_t ends[kBuckets] = {};
    const int rest_bits = range_bits - kBucketBits;
    auto* const distances = reinterpret_cast<Raw*>(values);
    for (std::uint32_t i = 0; i < count; ++i)
      distances[i] = distance(handover.best, handover.keys.canonical(values[i]));
    for (std::uint32_t i = 0; i < count; ++i) ++ends[distances[i] >> rest_bits];
    std::uint32_t sum = 0;
    for (std::uint32_t& end : ends) {
      const std::uint32_t size = end;
      end = sum;
      sum += size;
    }
    for (std::uint32_t i = 0; i < count; ++i) {
      const Raw d = distances[i];
      Item* const to = items + ends[d >> rest_bits]++;
      *to = item_of(d, index[i]);
      __builtin_prefetch(to + 64 / sizeof(Item), 1);  // where the bucket's next line will be written
    }
    std::uint32_t from = 0;
    for (std::uint32_t bucket = 0; bucket < kBuckets;) {
      const std::uint32_t first = bucket;
      std::uint32_t end = ends[bucket++];
      const auto bits_with = [&](std::uint32_t last, std::uint32_t to) {
        return bit_width((static_cast<std::uint64_t>(last - first) << rest_bits) - 1) + bit_width(to - from);
      };
      while (bucket < kBuckets && ends[bucket] - from <= kMost && bits_with(bucket + 1, ends[bucket]) <= 32)
        end = ends[bucket++];
      const std::uint32_t n = end - from;
      const Item* const group = items + from;
      if (n <= kNarrow && bits_with(bucket, end) <= 32) {
        const int place_bits = bit_width(n);
        const Raw nearest = static_cast<Raw>(static_cast<Raw>(first) << rest_bits);
        for (std::uint32_t i = 0; i < n; ++i)
          packed[i] = static_cast<std::uint32_t>(static_cast<Raw>(distance_of(group[i]) - nearest) << place_bits) | i;
        Narrow::sort(packed, n);
        const std::uint32_t place = (1U << place_bits) - 1;
        handover(from, n, [=](std::uint32_t i) { return group[packed[i] & place]; });
      } else {
        const Item* const sorted = radix_sort(items + from, spare, n, rest_bits);
        handover(from, n, [sorted](std::uint32_t i) { return sorted[i]; });
      }
      from = end;
    }
  }

  static Item item_of(Raw distance, std::uint32_t index) {
    if constexpr (sizeof(S) == 8)
      return {distance, index};
    else
      return static_cast<Item>(distance) << 32 | index;
  }
  static Raw distance_of(const Item& item) {
    if constexpr (sizeof(S) == 8)
      return item.key;
    else
      return static_cast<Raw>(item >> 32);
  }
  static std::uint32_t index_of(const Item& item) {
    if constexpr (sizeof(S) == 8)
      return static_cast<std::uint32_t>(item.payload);
    else
      return static_cast<std::uint32_t>(item);
  }
  static S value_of(const Item& item, S best) {
    if constexpr (sizeof(S) == 8)
      return static_cast<S>(static_cast<Raw>(best) - item.key);
    else
      return static_cast<S>(static_cast<Raw>(best) - static_cast<Raw>(item >> 32));
  }
  static std::uint32_t is_lossy(const SortableKeys<S>& keys, S value) {
    return static_cast<std::uint32_t>(value == keys.high_zero) | static_cast<std::uint32_t>(value == keys.top_nan) |
           static_cast<std::uint32_t>(value == keys.low_nan);
  }
};

}  // namespace
}  // namespace topkit::cpu
