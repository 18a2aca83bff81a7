// The parts of the guide, in the order they stand in.
#pragma once

#include <string>
#include <vector>

#include "cli/guide/document.hpp"
#include "cli/guide/records.hpp"

namespace topkit::cli::guide {

using Machines = std::vector<Machine>;

void add_quick_answers(Document& document, const Machines& machines);
void add_glance(Document& document, const Machines& machines);
void add_decision_tree(Document& document, const Machines& machines);
void add_plots(Document& document, const Machines& machines);
void add_quick_checks(Document& document);
void add_limits(Document& document, const Machines& machines);
// docs: what stands before the name of a page; "": pages are named and not linked.
void add_documentation_map(Document& document, const std::string& docs);
void add_method(Document& document, const Machines& machines);

// "h100.json, 2026-11-27, commit 00aabd3": where the numbers under a machine's heading are.
std::string source_text(const Machine& machine);
// "32 x 50304, k = 50"
std::string problem_text(const Row& row);
Tone tone_of(double ratio);
Cell ratio_cell(const Rival* rival, bool named);

}  // namespace topkit::cli::guide
