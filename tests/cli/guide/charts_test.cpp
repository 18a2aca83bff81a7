#include "cli/guide/charts.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

#include <regex>

namespace topkit::cli::guide {
namespace {

using testing::HasSubstr;

// Every text, as wide as its letters may be, lies within the drawing: nothing is cut.
void expect_inside(const std::string& svg) {
  std::smatch box;
  ASSERT_TRUE(std::regex_search(svg, box, std::regex(R"re(viewBox="0 0 (\d+) (\d+)")re")));
  const double width = std::stod(box[1]), height = std::stod(box[2]);
  const std::regex text(R"re(<text x="([-0-9.]+)" y="([-0-9.]+)" class="([^"]*)">([^<]*)</text>)re");
  int found = 0;
  for (std::sregex_iterator it(svg.begin(), svg.end(), text), end; it != end; ++it, ++found) {
    const double x = std::stod((*it)[1]), y = std::stod((*it)[2]),
                 length = 7.0 * static_cast<double>((*it)[4].length());
    const std::string kind = (*it)[3];
    const double left = kind.find("end") != std::string::npos   ? x - length
                        : kind.find("mid") != std::string::npos ? x - length / 2
                                                                : x;
    EXPECT_GE(left, -1) << (*it)[0];
    EXPECT_LE(left + length, width + 1) << (*it)[0];
    EXPECT_GE(y, 8) << (*it)[0];
    EXPECT_LE(y, height - 2) << (*it)[0];
  }
  EXPECT_GT(found, 0);
}

TEST(GuideCharts, write_numbers_as_people_read_them) {
  EXPECT_EQ(us_text(3.37), "3.4");
  EXPECT_EQ(us_text(999.96), "1 000");
  EXPECT_EQ(us_text(1234567), "1 234 567");
  EXPECT_EQ(ratio_text(0.897), "0.90x");
  EXPECT_EQ(ratio_text(1.96), "2.0x");
  EXPECT_EQ(ratio_text(9.96), "10x");
  EXPECT_EQ(count_text(50304), "50.3k");
  EXPECT_EQ(binary_text(4096), "4Ki");
  EXPECT_EQ(whole_text(100), "100");
}

TEST(GuideCharts, of_bars_begin_with_the_fastest_and_are_as_long_as_their_times) {
  const std::string svg = bar_chart({{"slow & old", 200, false}, {"topkit", 50, true}});
  EXPECT_LT(svg.find("topkit"), svg.find("slow &amp; old"));
  EXPECT_THAT(svg, HasSubstr(R"(width="80.0" height="10" rx="2" class="f0")"));
  EXPECT_THAT(svg, HasSubstr(R"(width="320.0" height="10" rx="2" class="rest")"));
  EXPECT_THAT(svg, HasSubstr("50.0 us"));
  expect_inside(svg);
}

TEST(GuideCharts, of_lines_have_units_and_a_dashed_floor) {
  const std::string svg = line_chart({{.name = "floor", .points = {{1000, 1}, {1e6, 20}}, .color = -1},
                                      {.name = "k to 64", .points = {{1000, 3}, {1e6, 40}}, .color = 2}});
  EXPECT_THAT(svg, HasSubstr("microseconds"));
  EXPECT_THAT(svg, HasSubstr("columns"));
  EXPECT_THAT(svg, HasSubstr("class=\"floor\""));
  EXPECT_THAT(svg, HasSubstr("k to 64: 1M columns, 40.0 us"));
  expect_inside(svg);
}

TEST(GuideCharts, of_lines_stay_inside_for_any_range) {
  for (const double low : {0.02, 1.0, 99.0, 1e5})
    for (const double factor : {1.0, 1.01, 3.0, 1e4})
      expect_inside(line_chart(
          {{.name = "k above", .points = {{low * 64, low}, {low * 64 * factor, low * factor}}, .color = 0}}));
}

TEST(GuideCharts, of_maps_name_the_colours_they_use) {
  Map map{.x = {64, 128, 16 << 20},
          .y = {1, 2},
          .color = {{0, 1, -1}, {1, 1, 1}},
          .names = {"warp", "block", "unused"},
          .x_title = "columns",
          .y_title = "k"};
  const std::string svg = map_chart(map);
  EXPECT_THAT(svg, HasSubstr(">warp</text>"));
  EXPECT_THAT(svg, HasSubstr("16Mi columns, k = 2: block"));
  EXPECT_EQ(svg.find("unused"), std::string::npos);
  expect_inside(svg);
}

}  // namespace
}  // namespace topkit::cli::guide
