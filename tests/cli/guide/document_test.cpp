#include "cli/guide/document.hpp"

#include <gmock/gmock.h>
#include <gtest/gtest.h>

namespace topkit::cli::guide {
namespace {

using testing::HasSubstr;
using testing::Not;

Document document(Block block) {
  Document made{.title = "T & t", .lead = "a `code` and **strong** [word](x.md)", .blocks = {}};
  made.add(std::move(block));
  return made;
}

TEST(GuideDocument, has_the_marks_of_inline_text_in_both_forms) {
  const Document made = document(Paragraph{"`a<b` **x** [y](z#q) 3 * 4 ** 5 ` 6 [7"});
  EXPECT_THAT(to_html(made),
              HasSubstr("<p><code>a&lt;b</code> <strong>x</strong> <a href=\"z#q\">y</a> 3 * 4 ** 5 ` 6 [7</p>"));
  EXPECT_THAT(to_html(made), HasSubstr("<h1>T &amp; t</h1>"));
  EXPECT_THAT(to_markdown(made), HasSubstr("`a<b` **x** [y](z#q) 3 * 4"));
}

TEST(GuideDocument, takes_text_of_files_as_text) {
  const std::string foreign = plain("<script>alert(1)</script> | [a](b) `c` **d**\n# e\x1b[2J");
  const std::string html = to_html(document(Paragraph{foreign}));
  EXPECT_THAT(html, HasSubstr("&lt;script&gt;alert(1)&lt;/script&gt; | [a](b) `c` **d** # e [2J"));
  EXPECT_THAT(html, Not(HasSubstr("<script")));
  const std::string markdown = to_markdown(document(Paragraph{foreign}));
  EXPECT_THAT(markdown, HasSubstr("\\<script\\>"));
  EXPECT_THAT(markdown, HasSubstr("\\[a\\]\\(b\\)"));
}

TEST(GuideDocument, shows_losses_in_bold_where_there_is_no_colour) {
  const Document made = document(Table{
      .head = {"who", "x"}, .words = 1, .rows = {{{"a"}, {"0.9x", Tone::behind}}, {{"b|c"}, {"2x", Tone::ahead}}}});
  EXPECT_THAT(to_markdown(made), HasSubstr("| who | x |\n|---|---:|\n| a | **0.9x** |\n| b\\|c | 2x |\n"));
  EXPECT_THAT(to_html(made), HasSubstr("<td class=\"w\">a</td><td class=\"n t1\">0.9x</td>"));
}

TEST(GuideDocument, nests_bullets_and_closes_them) {
  const std::string html = to_html(document(Bullets{{{0, "a"}, {1, "b"}, {2, "c"}, {0, "d"}}}));
  EXPECT_THAT(html,
              HasSubstr("<ul>\n<li>a</li>\n<ul>\n<li>b</li>\n<ul>\n<li>c</li>\n</ul>\n</ul>\n<li>d</li>\n</ul>\n"));
  EXPECT_THAT(to_markdown(document(Bullets{{{0, "a"}, {1, "b"}}})), HasSubstr("- a\n  - b\n"));
}

TEST(GuideDocument, puts_figures_that_follow_each_other_into_one_row) {
  Document made = document(Figure{.title = "one", .svg = "<svg/>", .caption = "c", .data = {}});
  made.add(
      Figure{.title = "two", .svg = "<svg/>", .caption = "c", .data = {.head = {"h"}, .words = 1, .rows = {{{"v"}}}}});
  made.add(Heading{2, "After it"});
  const std::string html = to_html(made);
  EXPECT_EQ(html.find("<div class=\"figures\">"), html.rfind("<div class=\"figures\">"));
  EXPECT_THAT(html, HasSubstr("</figure>\n</div>\n<h2 id=\"after-it\">"));
  EXPECT_THAT(html, HasSubstr("<nav><a href=\"#after-it\">After it</a>"));
  EXPECT_THAT(to_markdown(made), Not(HasSubstr("one")));
  EXPECT_THAT(to_markdown(made), HasSubstr("**two.** c\n\n| h |"));
}

}  // namespace
}  // namespace topkit::cli::guide
