#include "cli/tune/cells.hpp"

#include <algorithm>
#include <bit>
#include <filesystem>
#include <fstream>
#include <nlohmann/json.hpp>
#include <utility>

#include "cli/error.hpp"
#include "distributions.hpp"

namespace topkit::cli::tune {
namespace {

using Json = nlohmann::ordered_json;

constexpr std::int64_t kElementsPerCall = 1 << 17;  // on the CPU

std::vector<Problem> cpu_grid() {
  std::vector<Problem> all;
  for (const DType dtype : {DType::i8, DType::bf16, DType::f32, DType::f64})
    for (std::int64_t cols = 64; cols <= (1 << 20); cols *= cols < 16384 ? 2 : 4)
      for (std::int64_t k = 2; k <= cols;
           k +=
           std::max<std::int64_t>(static_cast<std::int64_t>(std::bit_floor(static_cast<std::uint64_t>(k))) / 2, 1)) {
        Problem& p = all.emplace_back();
        p.dtype = dtype;
        p.rows = std::max<std::int64_t>(kElementsPerCall / cols, 1);
        p.cols = cols;
        p.k = k;
      }
  return all;
}

std::vector<Problem> cuda_grid() {
  constexpr std::int64_t kMostElements = 1 << 28;
  std::vector<Problem> all;
  for (const DType dtype : {DType::f32, DType::bf16})
    for (const std::int64_t rows : {1, 4, 32, 128, 512, 4096})
      for (std::int64_t cols = 256; cols <= (1 << 22) && rows * cols <= kMostElements; cols *= 2)
        for (const std::int64_t k : {1, 8, 32, 64, 128, 256, 512, 1024, 2048}) {
          if (k > cols) continue;
          Problem& p = all.emplace_back();
          p.device = DeviceKind::cuda;
          p.dtype = dtype;
          p.rows = rows;
          p.cols = cols;
          p.k = k;
        }
  return all;
}

bool same(const Problem& a, const Problem& b) {
  return a.dtype == b.dtype && a.rows == b.rows && a.cols == b.cols && a.k == b.k;
}

Json json_of(const Cell& cell) {
  Json times = Json::object();
  for (const AlgorithmInfo& algorithm : algorithms())
    if (cell.of(algorithm.algorithm) < kNever) times[std::string(algorithm.name)] = cell.of(algorithm.algorithm);
  const Problem& p = cell.problem;
  return {{"dtype", name(p.dtype)}, {"rows", p.rows}, {"cols", p.cols}, {"k", p.k}, {"us", times}};
}

Cell cell_of(const Json& line, DeviceKind device, const std::string& where) {
  Cell cell;
  Problem& p = cell.problem;
  p.device = device;
  const auto number = [&](const char* field) {
    if (!line.contains(field) || !line.at(field).is_number_integer() || line.at(field).get<std::int64_t>() < 1)
      invalid("{}: field {} is missing or no number above 0", where, field);
    return line.at(field).get<std::int64_t>();
  };
  p.rows = number("rows"), p.cols = number("cols"), p.k = number("k");
  const auto dtype = line.contains("dtype") && line.at("dtype").is_string()
                         ? dtype_from(line.at("dtype").get<std::string>())
                         : std::nullopt;
  if (!dtype) invalid("{}: field dtype is missing or no type", where);
  p.dtype = *dtype;
  if (!line.contains("us") || !line.at("us").is_object()) invalid("{}: field us is missing or no object", where);
  for (const auto& [who, us] : line.at("us").items()) {
    const auto algorithm = algorithm_from(who, device);
    if (!algorithm || !us.is_number() || us.get<double>() <= 0)
      invalid("{}: field us.{} is no time of an algorithm", where, who);
    cell.us[static_cast<std::size_t>(*algorithm)] = us.get<double>();
  }
  return cell;
}

Json header_of(const CellsOrigin& origin) {
  return {{"header", "topkit tune"},
          {"device", origin.device},
          {"machine", origin.machine},
          {"isa", origin.isa},
          {"commit", origin.commit}};
}

void append(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::app | std::ios::binary);
  file << text << std::flush;
  if (!file) io_error("{}: cannot be written", quote(path));
}

}  // namespace

double Cell::best() const { return *std::min_element(us.begin(), us.end()); }

std::vector<Problem> grid(DeviceKind device) {
  std::vector<Problem> all = device == DeviceKind::cpu ? cpu_grid() : cuda_grid();
  bench::Random random(1);
  for (std::size_t i = all.size(); i > 1; --i)
    std::swap(all[i - 1], all[static_cast<std::size_t>(random.below(static_cast<std::int64_t>(i)))]);
  return all;
}

CellsFile::CellsFile(std::string path, const CellsOrigin& origin, bool resume) : path_(std::move(path)) {
  std::error_code none;
  const bool there = std::filesystem::exists(path_, none) && std::filesystem::file_size(path_, none) > 0;
  if (there && !resume)
    invalid("{} holds cells that were measured before: --resume goes on with them, or remove it", quote(path_));
  if (there)
    read(origin);
  else
    append(path_, header_of(origin).dump() + '\n');
}

void CellsFile::read(const CellsOrigin& origin) {
  std::ifstream file(path_, std::ios::binary);
  std::int64_t whole = 0;
  int number = 0;
  bool cut_off = false;
  for (std::string text; std::getline(file, text);) {
    ++number;
    const std::string where = formatted("{} line {}", quote(path_), number);
    const Json line = Json::parse(text, nullptr, false);
    if (file.eof() || line.is_discarded()) {
      cut_off = file.eof();
      if (cut_off) break;
      invalid("{}: is no JSON", where);
    }
    whole += static_cast<std::int64_t>(text.size()) + 1;
    if (number == 1) {
      if (!line.is_object() || !line.contains("header") || line.at("header") != "topkit tune")
        invalid("{}: is no header of topkit tune", where);
      const Json wanted = header_of(origin);
      for (const auto& [field, value] : wanted.items())
        if (!line.contains(field) || line.at(field) != value)
          invalid("{}: field {} is {}, here it is {}: these cells are of another origin", where, field,
                  line.contains(field) ? line.at(field).dump() : "missing", value.dump());
      continue;
    }
    if (!line.is_object()) invalid("{}: is no JSON object", where);
    cells_.push_back(cell_of(line, origin.device == "cuda" ? DeviceKind::cuda : DeviceKind::cpu, where));
  }
  if (number == 0 || (number == 1 && cut_off)) invalid("{}: has no header of topkit tune", quote(path_));
  file.close();
  if (cut_off) std::filesystem::resize_file(path_, static_cast<std::uintmax_t>(whole));
}

bool CellsFile::has(const Problem& problem) const {
  return std::any_of(cells_.begin(), cells_.end(), [&](const Cell& cell) { return same(cell.problem, problem); });
}

void CellsFile::add(const Cell& cell) {
  append(path_, json_of(cell).dump() + '\n');
  cells_.push_back(cell);
}

}  // namespace topkit::cli::tune
