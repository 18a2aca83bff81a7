// What to type, where to read on, and where every number of the guide comes from.
#include <cmath>

#include "cli/guide/charts.hpp"
#include "cli/guide/sections.hpp"
#include "text.hpp"
#include "topkit/topkit.h"

namespace topkit::cli::guide {
namespace {

struct Page {
  const char *name, *title, *what;
};
constexpr Page kPages[] = {
    {"README.md", "Start here", "where to go for what"},
    {"contract.md", "The contract", "ties, NaN, order: what every call promises"},
    {"swap.md", "Swap it in", "torch programs, nanochat, Hugging Face, vLLM, C++ engines"},
    {"python.md", "Python", "torch, NumPy, CuPy; `torch.compile`; implementations side by side"},
    {"sampling.md", "Sampling", "tokens, filters and log-probabilities, every parameter by row"},
    {"cpp.md", "C++", "every function and argument, from the headers"},
    {"c.md", "C", "every function and argument, from the header"},
    {"cli.md", "Command line", "every command, its options and exit codes"},
    {"serving.md", "In a serving engine", "sampling for a batch of requests in one call"},
    {"tune.md", "Your own machine", "check, measure, tune, hold"},
    {"kernels.md", "The kernels", "how they work, one drawing each"},
};

std::string gbps_text(const Origin& origin) {
  return origin.roof_gbps ? formatted("{} GB/s", whole_text(std::llround(*origin.roof_gbps)))
                          : std::string("not recorded");
}

std::string rounds_text(const Origin& origin) {
  if (origin.most_rounds == 0) return "not recorded";
  if (origin.least_rounds == origin.most_rounds) return std::to_string(origin.most_rounds);
  return formatted("{} to {}", origin.least_rounds, origin.most_rounds);
}

}  // namespace

void add_quick_checks(Document& document) {
  document.add(Heading{2, "Quick checks"});
  document.add(Paragraph{"Does it work on this machine, how fast, and did a change make it slower:"});
  document.add(Code{
      "topkit info                                   # what is here, what is missing and how to get it\n"
      "topkit explain 32x50304 -k 50                 # what a call will do, and why\n"
      "topkit validate                               # every algorithm on this machine against a stable sort\n"
      "topkit bench --quick                          # a first look at times\n"
      "topkit bench --suite llm --resume llm.jsonl   # real vocabularies; stop and go on whenever you like\n"
      "topkit bench --compare before.jsonl after.jsonl\n"
      "topkit tune --minutes 3                       # where the algorithms change over on this machine\n"
      "topkit guide -o guide llm.jsonl               # this page, of your own numbers\n"
      "python -m topkit.validate                     # every implementation that Python has, against a stable sort\n"
      "python -m topkit.bench -o peers.json          # the same, timed: give this file to topkit guide too"});
}

void add_documentation_map(Document& document, const std::string& docs) {
  document.add(Heading{2, "Documentation map"});
  Bullets bullets;
  for (const Page& page : kPages) {
    const std::string link = docs.empty() ? formatted("{} (docs/{})", page.title, page.name)
                                          : formatted("[{}]({}/{})", page.title, docs, page.name);
    bullets.items.emplace_back(0, formatted("{}: {}", link, page.what));
  }
  document.add(std::move(bullets));
}

void add_method(Document& document, const Machines& machines) {
  document.add(Heading{2, "How it was measured"});
  Table table{.head = {"file", "machine", "date", "commit", "memory, measured", "empty kernel us", "results", "rounds",
                       "not exact"},
              .words = 4,
              .rows = {}};
  for (const Machine& machine : machines)
    for (const Origin& origin : machine.origins)
      table.rows.push_back({{plain(origin.file)},
                            {plain(origin.machine)},
                            {plain(origin.date)},
                            {origin.commit.empty() ? "not recorded" : plain(origin.commit)},
                            {gbps_text(origin)},
                            {origin.empty_kernel_us ? formatted("{:.2f}", *origin.empty_kernel_us) : ""},
                            {std::to_string(origin.results)},
                            {rounds_text(origin)},
                            {std::to_string(origin.inexact.size())}});
  document.add(std::move(table));
  Bullets wrong;
  for (const Machine& machine : machines)
    for (const Origin& origin : machine.origins)
      for (const std::string& text : origin.inexact) wrong.items.emplace_back(0, plain(text));
  if (!wrong.items.empty()) {
    document.add(Paragraph{"Not the k best, and used nowhere above:"});
    document.add(std::move(wrong));
  }
  Bullets bullets;
  for (const char* text :
       {"A case has one input for all; topkit, the floor and the others take turns, round by round, so that what "
        "disturbs "
        "one disturbs all. Times are medians over the rounds.",
        "GPU: many calls are recorded into a CUDA graph and replayed; hot on one input, cold on copies that the cache "
        "cannot "
        "hold. CPU: one thread, samples in which it was preempted are thrown away; hot from a pool that turns in L3, "
        "cold "
        "with every line flushed.",
        "Ratios are of one run: somebody measured in another run keeps the ratio to the topkit that was timed beside "
        "him.",
        "Every timed result was verified; one that was not the k best is named above and counts nowhere.",
        "Floor: a streaming maximum over the same input in the same rounds, which is what reading it costs."})
    bullets.items.emplace_back(0, text);
  document.add(std::move(bullets));
  document.add(Paragraph{
      formatted("Written by `topkit guide` of topkit {}. The same files give the same guide.", tk_version())});
}

}  // namespace topkit::cli::guide
