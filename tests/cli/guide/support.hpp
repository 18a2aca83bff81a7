// Lines of results as `topkit bench --json` and `python -m topkit.bench` write them, with what a test changes.
#pragma once

#include <nlohmann/json.hpp>
#include <string>

namespace topkit::cli::guide::test {

using Json = nlohmann::ordered_json;

inline Json header() {
  return {
      {"header", "topkit bench"}, {"device", "cuda"},       {"machine", "NVIDIA H100 80GB HBM3, driver 1.2, CUDA 13.0"},
      {"date", "2026-01-02"},     {"commit", "abc1234"},    {"gpu", "NVIDIA H100 80GB HBM3"},
      {"roof_gbps", 3000.0},      {"empty_kernel_us", 0.75}};
}

inline Json line(const std::string& peer, double us) {
  Json line{{"case", "cuda-f32-1x50304-50"},
            {"suite", "llm"},
            {"dtype", "f32"},
            {"rows", 1},
            {"cols", 50304},
            {"k", 50},
            {"order", "value"},
            {"device", "cuda"},
            {"distribution", "normal"},
            {"index_type", "i32"},
            {"launches", 1},
            {"peer", peer},
            {"algorithm", ""},
            {"hot_us", us},
            {"cold_us", us + 1},
            {"floor_us", 1.5},
            {"verified", true},
            {"machine", header()["machine"]}};
  if (peer == "topkit") line["algorithm"] = "cluster";
  return line;
}

// The same case elsewhere.
inline Json at(Json line, int rows, int cols, int k) {
  line["rows"] = rows, line["cols"] = cols, line["k"] = k;
  line["case"] = "cuda-f32-" + std::to_string(rows) + "x" + std::to_string(cols) + "-" + std::to_string(k);
  return line;
}

inline std::string lines(const std::vector<Json>& all) {
  std::string text;
  for (const Json& line : all) text += line.dump() + "\n";
  return text;
}

}  // namespace topkit::cli::guide::test
