#include "merge.hpp"

#include <algorithm>
#include <cstring>
#include <limits>
#include <vector>

#include "../device.hpp"
#include "../key.hpp"
#include "parallel.hpp"

namespace topkit::cpu {
namespace {

// The head of one part, or its end. Heads of one row are totally ordered: by key, then id, then part, ends last.
template <class U>
struct Head {
  U key;
  std::uint64_t id;  // sign flipped, so that unsigned order is the order of the ids
  std::int64_t tie;  // the part; an end has `parts` added
};

template <class U>
bool beats(const Head<U>& a, const Head<U>& b) {
  if (a.key != b.key) return a.key > b.key;
  if (a.id != b.id) return a.id < b.id;
  return a.tie < b.tie;
}

struct MergeWinner {
  std::int64_t id, part, place;
};

// One thread's scratch: heads and a loser tree (Knuth, TAOCP 3, 5.4.1) over the parts, which finds the best head again
// after log2(parts) comparisons.
template <class U>
class Merger {
 public:
  explicit Merger(const MergeArgs& args)
      : args_(args), map_(key_map<U>(info(args.dtype), args.largest, args.nan)), leaves_(1) {
    while (leaves_ < args.parts) leaves_ *= 2;
    heads_.resize(static_cast<std::size_t>(leaves_));
    places_.resize(static_cast<std::size_t>(leaves_));
    losers_.resize(static_cast<std::size_t>(leaves_));
    if (args.order == Order::index) winners_.resize(static_cast<std::size_t>(args.k));
  }

  void row(std::int64_t r) {
    for (std::int64_t part = 0; part < leaves_; ++part) {
      places_[at(part)] = 0;
      load(part, r);
    }
    std::int64_t best = play(1);
    std::int64_t count = 0;
    for (; count < args_.k && heads_[at(best)].tie < leaves_; ++count) {
      const MergeWinner winner{id_of(heads_[at(best)]), best, places_[at(best)]++};
      if (args_.order == Order::index)
        winners_[at(count)] = winner;
      else
        write(r, count, winner);
      load(best, r);
      best = replay(best);
    }
    if (args_.order == Order::index) {
      const auto end = winners_.begin() + count;
      std::sort(winners_.begin(), end, [](const MergeWinner& a, const MergeWinner& b) {
        return a.id != b.id ? a.id < b.id : a.part != b.part ? a.part < b.part : a.place < b.place;
      });
      for (std::int64_t j = 0; j < count; ++j) write(r, j, winners_[at(j)]);
    }
    for (std::int64_t j = count; j < args_.k; ++j) {
      write_value(r, j, static_cast<U>(args_.fill));
      write_id(r, j, -1);
    }
  }

 private:
  static constexpr std::uint64_t kSign = std::uint64_t{1} << 63;
  static std::size_t at(std::int64_t i) { return static_cast<std::size_t>(i); }
  static std::int64_t id_of(const Head<U>& head) { return static_cast<std::int64_t>(head.id ^ kSign); }

  static std::int64_t offset(const MergeArgs::Cube& cube, std::int64_t part, std::int64_t r, std::int64_t place) {
    return part * cube.part_stride + r * cube.row_stride + place * cube.col_stride;
  }

  U raw(std::int64_t r, std::int64_t part, std::int64_t place) const {
    return reinterpret_cast<const U*>(args_.values.data)[offset(args_.values, part, r, place)];
  }

  std::int64_t id(std::int64_t r, std::int64_t part, std::int64_t place) const {
    const std::int64_t i = offset(args_.ids, part, r, place);
    return args_.id_type == IndexType::i32 ? reinterpret_cast<const std::int32_t*>(args_.ids.data)[i]
                                           : reinterpret_cast<const std::int64_t*>(args_.ids.data)[i];
  }

  void load(std::int64_t part, std::int64_t r) {
    Head<U>& head = heads_[at(part)];
    const std::int64_t place = places_[at(part)];
    head = {U{0}, std::numeric_limits<std::uint64_t>::max(), part + leaves_};
    if (part >= args_.parts || place >= args_.width) return;
    const std::int64_t found = id(r, part, place);
    if (found == -1) return;
    head = {map_(raw(r, part, place)), static_cast<std::uint64_t>(found) ^ kSign, part};
  }

  // Nodes 1 .. leaves_ - 1 hold the loser of the game below them; leaf p is node leaves_ + p.
  std::int64_t play(std::int64_t node) {
    if (node >= leaves_) return node - leaves_;
    const std::int64_t left = play(2 * node), right = play(2 * node + 1);
    const bool left_wins = beats(heads_[at(left)], heads_[at(right)]);
    losers_[at(node)] = left_wins ? right : left;
    return left_wins ? left : right;
  }

  std::int64_t replay(std::int64_t part) {
    std::int64_t best = part;
    for (std::int64_t node = (leaves_ + part) / 2; node > 0; node /= 2)
      if (beats(heads_[at(losers_[at(node)])], heads_[at(best)])) std::swap(losers_[at(node)], best);
    return best;
  }

  void write(std::int64_t r, std::int64_t j, const MergeWinner& winner) {
    if (args_.out_values.data != nullptr) write_value(r, j, raw(r, winner.part, winner.place));
    write_id(r, j, winner.id);
  }

  void write_value(std::int64_t r, std::int64_t j, U value) {
    const MergeArgs::Matrix& out = args_.out_values;
    if (out.data != nullptr) reinterpret_cast<U*>(out.data)[r * out.row_stride + j * out.col_stride] = value;
  }

  void write_id(std::int64_t r, std::int64_t j, std::int64_t value) {
    const MergeArgs::Matrix& out = args_.out_ids;
    if (out.data == nullptr) return;
    const std::int64_t i = r * out.row_stride + j * out.col_stride;
    if (args_.id_type == IndexType::i32)
      reinterpret_cast<std::int32_t*>(out.data)[i] = static_cast<std::int32_t>(value);
    else
      reinterpret_cast<std::int64_t*>(out.data)[i] = value;
  }

  const MergeArgs& args_;
  KeyMap<U> map_;
  std::int64_t leaves_;  // parts, up to a power of two
  std::vector<Head<U>> heads_;
  std::vector<std::int64_t> places_, losers_;
  std::vector<MergeWinner> winners_;  // order index only
};

template <class U>
void merge_as(const MergeArgs& args, int wished, const Pool& pool) {
  // One more thread for every so many steps of a tree, a few tens of microseconds each.
  constexpr std::int64_t kStepsPerThread = 1 << 13;
  constexpr std::int64_t kThreadsAtMost = 64;
  const std::int64_t row_steps = std::max<std::int64_t>(args.parts + args.k, 1);
  const std::int64_t pays =
      std::clamp<std::int64_t>(args.rows > kStepsPerThread ? kThreadsAtMost : args.rows * row_steps / kStepsPerThread,
                               1, std::min<std::int64_t>(kThreadsAtMost, cpu_device().threads));
  const int threads = worker_count(args.rows, wished > 0 ? wished : static_cast<int>(pays));
  const std::int64_t block = std::max<std::int64_t>(args.rows / (threads * 8), 1);
  std::vector<Merger<U>> mergers;  // all scratch before anything is written
  mergers.reserve(static_cast<std::size_t>(threads));
  for (int i = 0; i < threads; ++i) mergers.emplace_back(args);
  const std::int64_t tasks = (args.rows + block - 1) / block;
  for_each_task(tasks, threads, pool, [&](std::int64_t task, int worker) {
    for (std::int64_t r = task * block; r < std::min(args.rows, (task + 1) * block); ++r)
      mergers[static_cast<std::size_t>(worker)].row(r);
  });
}

}  // namespace

void merge(const MergeArgs& args, int threads, const Pool& pool) {
  switch (bytes(args.dtype)) {
    case 1: return merge_as<std::uint8_t>(args, threads, pool);
    case 2: return merge_as<std::uint16_t>(args, threads, pool);
    case 4: return merge_as<std::uint32_t>(args, threads, pool);
    default: return merge_as<std::uint64_t>(args, threads, pool);
  }
}

}  // namespace topkit::cpu
