// A tuning table of one device as `topkit tune` writes it: read, checked, and written again as JSON or as src/tuning/*.inc.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "topkit/topkit.h"
#include "tuning.hpp"

namespace topkit {

// A field of a row that is a number: its name in every form, where it lies, and its least value.
template <class Row>
struct TuningField {
  std::string_view name;
  std::int64_t Row::*place;
  std::int64_t least;  // ratios divide: at least 1
};
std::span<const TuningField<CpuTuning>> cpu_tuning_fields();
std::span<const TuningField<CudaTuning>> cuda_tuning_fields();

struct TuningTable {
  DeviceKind device = DeviceKind::cpu;
  std::string machine, date, commit;  // machine: Device::name of where it was measured
  std::vector<CpuTuning> cpu;         // one row an instruction set
  std::vector<CudaTuning> cuda;       // ascending capability

  Tuning view() const { return {.cpu = cpu, .cuda = cuda}; }
};

// Rows that the text does not have are the built-in ones. Throws Failure naming `what`, the line and the field.
TuningTable parse_tuning(std::string_view text, std::string_view what);

// Throws Failure unless the table was measured on such a device.
void expect_device(const TuningTable& table, const Device& device, std::string_view what);

// Of the handle that C has of it.
const TuningTable& table_of(const tk_tuning& tuning);

std::string to_json(const TuningTable& table);
// One row as src/tuning has it, without the comment that is above it.
std::string to_inc(const CpuTuning& row, const TuningTable& from);
std::string to_inc(const CudaTuning& row, const TuningTable& from);

}  // namespace topkit
