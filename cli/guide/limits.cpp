// What nobody should find out by himself: what each implementation does not do, ours too.
#include <algorithm>

#include "cli/guide/charts.hpp"
#include "cli/guide/sections.hpp"
#include "text.hpp"

namespace topkit::cli::guide {
namespace {

struct Limits {
  const char *who, *exact, *ties, *nan, *cannot;
};
// As python/topkit/backends has them, which asks the same of each before it calls it, and as bench/peers calls them.
constexpr Limits kLimits[] = {
    {"topkit", "yes", "the lower index", "largest, or last",
     "Rows of 2^31 elements and more. On CUDA: devices before sm_80; a selected axis that is not contiguous; more than "
     "4096 "
     "winners of a 64-bit type by ascending index are exact, but one block's work a row. On the CPU: 64-bit Arm was "
     "tested under an emulator only."},
    {"torch.topk", "yes", "any", "largest",
     "8-bit floats and unsigned types of 16 bits and more; per-row lengths. Its index is int64 always."},
    {"cub::DeviceTopK, DeviceBatchedTopK", "yes", "any", "not defined",
     "Sorting: the winners come in any order. Several rows only while a row fits a block."},
    {"cub::DeviceRadixSort, DeviceSegmentedRadixSort", "yes", "the lower index", "by bits",
     "Stopping early: it sorts every row whole."},
    {"flashinfer.top_k", "yes", "any; by an option the lower index, for k up to 2048", "not defined",
     "The smallest; types other than f32, f16, bf16. Best first costs it a second kernel."},
    {"RAFT select_k", "yes", "any", "not defined", "From Python: not in pylibraft's wheels since 25.06; C++ only."},
    {"QuACK topk (CuTe DSL)", "f16, bf16: yes; f32: no, the index takes the low bits of the value", "any",
     "not defined",
     "Columns that are no power of two, or above 4096; k that is no power of two, or above 128; the smallest."},
    {"cuDNN frontend, indexer top-k", "yes", "any", "not defined",
     "cuDNN has no top-k primitive: this one is sparse attention's, of sm_90; the largest, unordered."},
    {"Triton (topkit/triton.py)", "yes", "the lower index", "largest", "It is there to learn from."},
    {"jax.lax.top_k", "yes", "the lower index", "largest", "64-bit types without JAX_ENABLE_X64."},
    {"numpy.argpartition, cupy.argpartition", "yes", "any", "largest",
     "Values and indices in one call; bf16 and 8-bit floats. CuPy sorts the whole row."},
    {"std::partial_sort, std::nth_element", "yes", "as the comparison says", "breaks the comparison unless it says",
     "More than one thread, more than one row."},
};

std::vector<std::pair<double, std::string>> losses_of(const Machine& machine) {
  std::vector<std::pair<double, std::string>> losses;
  for (const Row* row : machine.plain_rows())
    for (const Rival& rival : row->rivals)
      if (rival.hot < 1)
        losses.emplace_back(
            rival.hot, formatted("{}, {}: {} takes {} of topkit's time{}", name(row->what.dtype), problem_text(*row),
                                 plain(rival.name), ratio_text(rival.hot),
                                 rival.sorted || row->what.order == Order::any ? "" : " (and does not sort)"));
  std::sort(losses.begin(), losses.end());
  return losses;
}

// "" or a sentence: a case in which a single rival was timed says little about the others.
std::string alone_text(const Machine& machine) {
  int alone = 0, all = 0;
  for (const Row* row : machine.plain_rows()) {
    if (row->rivals.empty()) continue;
    ++all;
    alone += row->rivals.size() == 1 ? 1 : 0;
  }
  return alone == 0 ? "" : formatted(" In {} of {} cases a single other implementation was timed.", alone, all);
}

}  // namespace

void add_limits(Document& document, const Machines& machines) {
  document.add(Heading{2, "Limits of each implementation"});
  Table table{.head = {"implementation", "exact", "of equal keys wins", "NaN", "it cannot"}, .words = 5, .rows = {}};
  for (const Limits& limits : kLimits)
    table.rows.push_back({{limits.who}, {limits.exact}, {limits.ties}, {limits.nan}, {limits.cannot}});
  document.add(std::move(table));
  document.add(
      Paragraph{"`python -m topkit.validate` holds those that are installed to a stable sort and says what each did."});
  for (const Machine& machine : machines) {
    const auto losses = losses_of(machine);
    if (losses.empty()) {
      document.add(Paragraph{formatted("On {} nobody was faster than topkit in any measured case.{}",
                                       plain(machine.model), alone_text(machine))});
      continue;
    }
    document.add(Paragraph{
        formatted("On {} topkit was not the fastest in these cases.{}", plain(machine.model), alone_text(machine))});
    Bullets bullets;
    for (const auto& [ratio, text] : losses) bullets.items.emplace_back(0, text);
    document.add(std::move(bullets));
  }
}

}  // namespace topkit::cli::guide
