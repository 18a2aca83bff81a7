// Grid: one or a few very long rows over the whole device.
//
// Regime: rows of half a million columns and more, fewer of them than multiprocessors, k up to 2048.
// Passes over memory: one, and of longer rows the sample.
// Limit: bandwidth; below 16 MB the launches, each there when the one before ends.
// Ideas: k up to 256 of rows that fit the registers of many clusters: each lists what may be among its part's k best
// (grid_parts.cuh), one block a row finds the best of all (grid_join.cuh). Else a cluster samples the row (grid_sample.cuh),
// blocks by the thousand filter it behind the sample's bound (grid_filter.cuh), and one puts what is left into order
// (grid_join.cuh again, or grid_finish.cuh): two launches, or three.
#include "by_element.hpp"
#include "grid_filter.cuh"
#include "grid_finish.cuh"
#include "grid_join.cuh"
#include "grid_parts.cuh"
#include "grid_sample.cuh"
#include "grid_shape.hpp"

namespace topkit::cuda {
namespace {

template <int kVecs, class E>
void launch_parts(const GridPartsArgs<E>& all, unsigned blocks, Stream stream) {
  launch(grid_parts_kernel<E, kVecs>, cluster_launch("topk_grid", all.shape, blocks, stream), all);
}

template <bool kGuessed, class E>
void launch_join(const Args& args, const E& element, const GridLists& lists, const JoinShape& shape, Stream stream) {
  launch(grid_join<E, kGuessed>,
         LaunchShape{.kernel = "grid_join",
                     .grid = static_cast<unsigned>(args.problem.rows),
                     .block = kJoinThreads,
                     .shared_bytes = kJoinRoom * sizeof(Candidate),
                     .stream = stream,
                     .pdl = true},
         args, element, lists, shape);
}

// Rows in the registers of plan.row_parts clusters each.
void run_parts(const Plan& plan, const Args& args, void* workspace, Stream stream) {
  const Problem& p = args.problem;
  const auto k = static_cast<int>(p.k);
  const std::int64_t granules = cluster_granules(p) + (rows_are_aligned(args) ? 0 : 1);
  const auto parts =
      static_cast<int>(std::max<std::int64_t>(plan.row_parts, grid_parts_of(granules, plan.items_per_thread)));
  const auto blocks = static_cast<std::uint32_t>(parts << kLogGridCluster);
  const ClusterShape shape{.log_blocks = kLogGridCluster,
                           .log_group = cluster_log_group(k, kLogGridCluster),
                           .fold = cluster_fold(cluster_log_group(k, kLogGridCluster)),
                           .capacity = kClusterMostK,
                           .first_row = 0};
  GridLists lists{static_cast<Candidate*>(workspace), nullptr, blocks, kClusterMostK};
  lists.counts = reinterpret_cast<std::uint32_t*>(lists.lists + p.rows * blocks * kClusterMostK);
  const JoinShape join = join_shape(k, blocks, shape);
  with_element(p, [&]<class E>(const E& element) {
    constexpr int kMost = cluster_most_vecs(sizeof(typename E::Raw), is_fast_element<E>);
    const GridPartsArgs<E> all{args,
                               element,
                               shape,
                               lists,
                               static_cast<std::uint32_t>(((1ULL << 32) + blocks - 1) / blocks),
                               static_cast<std::uint32_t>(grid_share(granules, parts)),
                               join.loaded()};
    const auto grid = static_cast<unsigned>(p.rows * blocks);
    if (is_fast_element<E> && plan.items_per_thread <= 4) {
      if constexpr (is_fast_element<E>) launch_parts<4>(all, grid, stream);
    } else if (is_fast_element<E> && plan.items_per_thread <= 8) {
      if constexpr (is_fast_element<E>) launch_parts<8>(all, grid, stream);
    } else if constexpr (!is_fast_element<E> || kMost > 8) {
      launch_parts<kMost>(all, grid, stream);
    }
    launch_join<false>(args, element, lists, join, stream);
  });
}

}  // namespace

void run_grid(const Plan& plan, const Args& args, void* workspace, Stream stream) {
  if (plan.items_per_thread > 0) return run_parts(plan, args, workspace, stream);
  const Problem& p = args.problem;
  const GridShape shape = grid_shape(p, plan.cluster_blocks);
  const auto rows = static_cast<unsigned>(p.rows), room = static_cast<std::uint32_t>(shape.room);
  const auto chunks = static_cast<std::uint32_t>(shape.chunks);
  // 16 bytes of a row are its bound, its list's count and nothing.
  auto* const bounds = static_cast<Candidate*>(workspace);
  auto* const counts = reinterpret_cast<std::uint32_t*>(bounds + p.rows);
  const GridLists lists{bounds + 2 * p.rows, counts, 1, room};
  const auto k = static_cast<int>(p.k);
  with_element(p, [&]<class E>(const E& element) {
    const auto blocks = static_cast<unsigned>(shape.sample_blocks);
    launch(grid_sample<E>,
           LaunchShape{.kernel = "topk_grid",
                       .grid = rows * blocks,
                       .block = kGridThreads,
                       .cluster = blocks,
                       .stream = stream,
                       .pdl = true},
           args, element, GridSample{shape.sample_blocks, shape.sample_vecs, shape.groups, bounds, counts});
    launch(grid_filter<E>,
           LaunchShape{
               .kernel = "grid_filter", .grid = rows * chunks, .block = kGridThreads, .stream = stream, .pdl = true},
           args, element, GridFilter{chunks, room, bounds, counts, lists.lists});
    if (k <= kClusterMostK) {
      launch_join<true>(args, element, lists, guessed_shape(k, shape.listed), stream);
    } else {
      launch(grid_finish<E>,
             LaunchShape{.kernel = "grid_finish",
                         .grid = rows,
                         .block = kFinishThreads,
                         .shared_bytes = grid_finish_bytes(k),
                         .stream = stream,
                         .pdl = true},
             args, element, lists);
    }
  });
}

}  // namespace topkit::cuda
