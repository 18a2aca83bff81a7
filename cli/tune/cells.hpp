// Problems on which every algorithm was timed, kept in a file line by line so that a run that stops loses none.
#pragma once

#include <array>
#include <limits>
#include <string>
#include <vector>

#include "algorithms.hpp"
#include "problem.hpp"

namespace topkit::cli::tune {

inline constexpr double kNever = std::numeric_limits<double>::infinity();

struct Cell {
  Problem problem;
  std::array<double, kAlgorithms> us;  // of a call; kNever: cannot, or was out of the race

  Cell() { us.fill(kNever); }
  double best() const;
  double of(Algorithm algorithm) const { return us[static_cast<std::size_t>(algorithm)]; }
};

// The problems of a device in an order that is mixed, so that any first part of it is spread over all.
std::vector<Problem> grid(DeviceKind device);

// What the cells of a file are of: those of another machine or commit are no use here.
struct CellsOrigin {
  std::string device, machine, isa, commit;
};

class CellsFile {
 public:
  // resume: goes on with what is there. Throws Failure when there is something and resume is false, when it is of
  // another origin, or broken (a last line that is cut off is dropped).
  CellsFile(std::string path, const CellsOrigin& origin, bool resume);

  const std::vector<Cell>& cells() const { return cells_; }
  bool has(const Problem& problem) const;
  void add(const Cell& cell);

 private:
  void read(const CellsOrigin& origin);

  std::string path_;
  std::vector<Cell> cells_;
};

}  // namespace topkit::cli::tune
