#include "cli/guide/charts.hpp"

#include <algorithm>
#include <cmath>

#include "text.hpp"

namespace topkit::cli::guide {
namespace {

constexpr double kWidth = 400;
constexpr double kLetter = 6.6;  // about, of the 12 pixel text

std::string text_at(double x, double y, const char* kind, const std::string& words) {
  std::string safe;
  for (const char c : words) {
    if (c == '&' || c == '<')
      safe += c == '&' ? "&amp;" : "&lt;";
    else
      safe += c;
  }
  return formatted("<text x=\"{:.1f}\" y=\"{:.1f}\" class=\"{}\">{}</text>\n", x, y, kind, safe);
}

std::string line_from(double x0, double y0, double x1, double y1, const char* kind) {
  return formatted("<line x1=\"{:.1f}\" y1=\"{:.1f}\" x2=\"{:.1f}\" y2=\"{:.1f}\" class=\"{}\"/>\n", x0, y0, x1, y1,
                   kind);
}

std::string svg(double height, const std::string& inner) {
  return formatted("<svg viewBox=\"0 0 {:.0f} {:.0f}\" role=\"img\" xmlns=\"http://www.w3.org/2000/svg\">\n{}</svg>\n",
                   kWidth, height, inner);
}

// Names behind their colours, as many on a line as fit.
struct Legend {
  double x = 4, y;
  std::string text;

  void add(const std::string& name, const std::string& mark) {
    const double width = 22 + kLetter * static_cast<double>(name.size()) + 10;
    if (x > 4 && x + width > kWidth) x = 4, y += 18;
    text +=
        formatted("<g transform=\"translate({:.1f} {:.1f})\">{}</g>\n", x, y, mark) + text_at(x + 20, y + 4, "", name);
    x += width;
  }
};

struct Scale {
  double low, high, from, to;  // of the data by powers of ten, and where they are drawn
  double at(double value) const { return from + (std::log10(value) - low) / std::max(high - low, 1e-9) * (to - from); }
};

// Whole powers of ten around the data, or a quarter of one where that is enough.
Scale scale_of(std::vector<double> values, double from, double to) {
  const auto [least, most] = std::minmax_element(values.begin(), values.end());
  const double low = std::log10(*least), high = std::log10(*most);
  return {.low = std::floor(low * 2 - 0.2) / 2, .high = std::ceil(high * 2 + 0.2) / 2, .from = from, .to = to};
}

std::vector<double> ticks(const Scale& scale) {
  std::vector<double> found;
  const bool halves = scale.high - scale.low < 2.2;
  for (double power = std::floor(scale.low); power <= scale.high + 1e-9; power += 1)
    for (const double part : {1.0, 3.0}) {
      const double value = std::pow(10, power) * part;
      if (part > 1 && !halves) continue;
      if (std::log10(value) >= scale.low - 1e-9 && std::log10(value) <= scale.high + 1e-9) found.push_back(value);
    }
  return found;
}

}  // namespace

std::string count_text(double count) {
  if (count >= 1e9) return formatted("{:.3g}G", count / 1e9);
  if (count >= 1e6) return formatted("{:.3g}M", count / 1e6);
  if (count >= 1e3) return formatted("{:.3g}k", count / 1e3);
  return formatted("{:.3g}", count);
}

std::string binary_text(double count) {
  if (count >= 1 << 20) return formatted("{:.3g}Mi", count / (1 << 20));
  return count >= 1 << 10 ? formatted("{:.3g}Ki", count / (1 << 10)) : formatted("{:.3g}", count);
}

std::string whole_text(std::int64_t number) {
  std::string digits = std::to_string(number);
  for (std::size_t i = digits.size(); i > 3;) digits.insert(i -= 3, " ");
  return digits;
}

std::string us_text(double us) {
  return us < 999.95 ? formatted("{:.1f}", us) : whole_text(static_cast<std::int64_t>(std::llround(us)));
}

std::string ratio_text(double ratio) {
  if (ratio < 1.95) return formatted("{:.2f}x", ratio);
  return ratio < 9.95 ? formatted("{:.1f}x", ratio) : formatted("{:.0f}x", ratio);
}

std::string bar_chart(std::vector<Bar> bars) {
  std::stable_sort(bars.begin(), bars.end(), [](const Bar& a, const Bar& b) { return a.us < b.us; });
  const double most = bars.empty() ? 1 : bars.back().us;
  std::string inner;
  double y = 0;
  for (const Bar& bar : bars) {
    const double width = std::max(bar.us / most * 320, 1.5);
    inner += text_at(0, y + 13, bar.own ? "strong" : "", bar.name);
    inner += formatted("<rect x=\"0\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"10\" rx=\"2\" class=\"{}\"/>\n", y + 18,
                       width, bar.own ? "f0" : "rest");
    inner += text_at(width + 6, y + 27, bar.own ? "strong" : "", us_text(bar.us) + " us");
    y += 36;
  }
  return svg(y, inner);
}

std::string line_chart(const std::vector<Line>& lines) {
  constexpr double kLeft = 44, kRight = 382, kTop = 22, kBottom = 250;
  std::vector<double> xs, ys;
  for (const Line& line : lines)
    for (const auto& [x, y] : line.points) xs.push_back(x), ys.push_back(y);
  if (xs.empty()) return "";
  const Scale across = scale_of(xs, kLeft, kRight), up = scale_of(ys, kBottom, kTop);
  std::string inner = text_at(0, 12, "dim", "microseconds");
  for (const double tick : ticks(up))
    inner += line_from(kLeft, up.at(tick), kRight, up.at(tick), "rule") +
             text_at(kLeft - 6, up.at(tick) + 4, "dim end", count_text(tick));
  for (const double tick : ticks(across))
    inner += line_from(across.at(tick), kBottom, across.at(tick), kBottom + 4, "axis") +
             text_at(across.at(tick), kBottom + 18, "dim mid", count_text(tick));
  inner += line_from(kLeft, kBottom, kRight, kBottom, "axis") + text_at(kRight, kBottom + 36, "dim end", "columns");
  Legend legend{.y = kBottom + 54, .text = ""};
  for (const Line& line : lines) {
    const std::string stroke = line.color < 0 ? "floor" : formatted("l c{}", line.color);
    std::string path;
    for (const auto& [x, y] : line.points)
      path += formatted("{}{:.1f},{:.1f}", path.empty() ? "" : " ", across.at(x), up.at(y));
    if (line.joined) inner += formatted("<polyline points=\"{}\" class=\"{}\"/>\n", path, stroke);
    for (const auto& [x, y] : line.points) {
      if (line.color < 0) continue;
      inner += formatted(
          "<circle cx=\"{:.1f}\" cy=\"{:.1f}\" r=\"3.5\" class=\"{}\"><title>{}: {} columns, {} us</title></circle>\n",
          across.at(x), up.at(y), line.joined ? formatted("f{}", line.color) : std::string("rest"), line.name,
          count_text(x), us_text(y));
    }
    legend.add(line.name, line.joined ? formatted("<line x1=\"0\" y1=\"0\" x2=\"16\" y2=\"0\" class=\"{}\"/>", stroke)
                                      : std::string("<circle cx=\"8\" cy=\"0\" r=\"3.5\" class=\"rest\"/>"));
  }
  return svg(legend.y + 14, inner + legend.text);
}

std::string map_chart(const Map& map) {
  constexpr double kLeft = 44, kRight = 382, kTop = 22, kBottom = 250;
  const double width = (kRight - kLeft) / static_cast<double>(map.x.size());
  const double height = (kBottom - kTop) / static_cast<double>(map.y.size());
  std::string inner = text_at(0, 12, "dim", map.y_title);
  for (std::size_t i = 0; i < map.y.size(); ++i) {
    const double y = kBottom - height * static_cast<double>(i + 1);
    if (i % 3 == 0) inner += text_at(kLeft - 6, y + height / 2 + 4, "dim end", binary_text(map.y[i]));
    for (std::size_t j = 0; j < map.x.size(); ++j)
      if (map.color[i][j] >= 0)
        inner += formatted(
            "<rect x=\"{:.1f}\" y=\"{:.1f}\" width=\"{:.1f}\" height=\"{:.1f}\" class=\"f{}\"><title>{} columns, k = "
            "{}: {}</title></rect>\n",
            kLeft + width * static_cast<double>(j) + 0.5, y + 0.5, width - 1, height - 1, map.color[i][j],
            binary_text(map.x[j]), binary_text(map.y[i]), map.names[static_cast<std::size_t>(map.color[i][j])]);
  }
  for (std::size_t j = 0; j < map.x.size(); j += 3)
    inner += text_at(kLeft + width * (static_cast<double>(j) + 0.5), kBottom + 16, "dim mid", binary_text(map.x[j]));
  inner += text_at(kRight, kBottom + 34, "dim end", map.x_title);
  Legend legend{.y = kBottom + 50, .text = ""};
  for (std::size_t i = 0; i < map.names.size(); ++i) {
    const bool used = std::any_of(map.color.begin(), map.color.end(), [&](const std::vector<int>& row) {
      return std::find(row.begin(), row.end(), static_cast<int>(i)) != row.end();
    });
    if (used) legend.add(map.names[i], formatted(R"(<rect x="2" y="-6" width="12" height="12" class="f{}"/>)", i));
  }
  return svg(legend.y + 14, inner + legend.text);
}

}  // namespace topkit::cli::guide
