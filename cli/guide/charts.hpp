// Drawings as plain SVG of a phone's width: they grow with the page, and their colours are those of style.hpp.
#pragma once

#include <cstdint>
#include <string>
#include <utility>
#include <vector>

namespace topkit::cli::guide {

struct Bar {
  std::string name;
  double us;
  bool own;  // topkit's
};
// Times of one case, the fastest first, from zero on.
std::string bar_chart(std::vector<Bar> bars);

struct Line {
  std::string name;
  std::vector<std::pair<double, double>> points;  // columns, microseconds
  int color = 0;                                  // 0..6; below 0: the floor, dashed
  bool joined = true;                             // false: marks only
};
// Both axes by powers of ten.
std::string line_chart(const std::vector<Line>& lines);

struct Map {
  std::vector<double> x, y;             // of the cells, ascending
  std::vector<std::vector<int>> color;  // [y][x]; below 0: no cell
  std::vector<std::string> names;       // by color
  std::string x_title, y_title;
};
std::string map_chart(const Map& map);

// 1000: "1k"
std::string count_text(double count);
// 4096: "4Ki"
std::string binary_text(double count);
// 50304: "50 304"
std::string whole_text(std::int64_t number);
// "3.4", "173", "1 166"
std::string us_text(double us);
// "0.90x", "4.4x", "112x"
std::string ratio_text(double ratio);

}  // namespace topkit::cli::guide
