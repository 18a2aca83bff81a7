// Files of results joined: machine by machine, case by case, topkit beside everybody who was timed on it.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "bench/cases.hpp"
#include "bench/results_file.hpp"
#include "device.hpp"

namespace topkit::cli::guide {

struct Rival {
  std::string name;
  double hot_us = 0;           // in the run that it was in
  double hot = 0;              // that over topkit's in the same run: under 1 the rival is faster
  std::optional<double> cold;  // the same, cold
  bool sorted = true;          // best first, as topkit writes
};

struct Row {
  bench::Case what;
  bool built_in = false;  // a case of bench/cases.json
  int threads = 1;
  std::string index_type, algorithm;
  double hot_us = 0;
  std::optional<double> cold_us, floor_us, floor_cold_us, roof_percent;
  std::vector<Rival> rivals;

  const Rival* rival(std::string_view name) const;  // by its first word: "torch" finds "torch 2.11.0"
  const Rival* best() const;                        // the fastest; nullptr when nobody was
};

// One file: where its numbers come from.
struct Origin {
  std::string file, machine, date, commit;  // file: its name without folders
  std::optional<double> roof_gbps, empty_kernel_us;
  int results = 0;
  int least_rounds = 0, most_rounds = 0;  // that the medians are of; 0: not recorded
  std::vector<std::string> inexact;       // who was not exact, and where
};

struct Machine {
  DeviceKind kind = DeviceKind::cpu;
  std::string model;  // "NVIDIA H100 80GB HBM3"
  Device device;      // to plan for: what the records tell of it
  bool device_known = true;
  std::vector<Origin> origins;
  std::vector<Row> rows;  // in the order of the files

  // Rows of random inputs by one thread, in the order of values: what most sections are about.
  std::vector<const Row*> plain_rows() const;
};

// GPUs first. Results that were not exact are named in their Origin and used nowhere. Throws Failure when nothing is left.
std::vector<Machine> machines_of(const std::vector<bench::ResultsFile>& files);

}  // namespace topkit::cli::guide
