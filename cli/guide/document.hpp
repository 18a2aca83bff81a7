// The guide before it is HTML or Markdown: blocks of text, tables and figures.
//
// Inline text is written as in Markdown: `code`, **bold**, [words](address); a backslash takes the next character as it is.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <utility>
#include <variant>
#include <vector>

namespace topkit::cli::guide {

// Text of a file or an argument: nothing in it is markup.
std::string plain(std::string_view text);

// How a ratio to a rival looks: behind is a loss of topkit.
enum class Tone : std::uint8_t { none, far_behind, behind, even, ahead, far_ahead };

struct Cell {
  std::string text;
  Tone tone = Tone::none;
};

struct Heading {
  int level;  // 2 or 3
  std::string text;
};
struct Paragraph {
  std::string text;
};
struct Table {
  std::vector<std::string> head;
  std::size_t words = 1;  // so many columns of text come first, then numbers
  std::vector<std::vector<Cell>> rows;
};
struct Figure {
  std::string title, svg, caption;
  Table data;  // what is drawn, for those who cannot see it and for Markdown; may be empty
};
struct Code {
  std::string text;
};
struct Bullets {
  std::vector<std::pair<int, std::string>> items;  // depth from 0, text
};

using Block = std::variant<Heading, Paragraph, Table, Figure, Code, Bullets>;

struct Document {
  std::string title, lead;
  std::vector<Block> blocks;

  void add(Block block) { blocks.push_back(std::move(block)); }
};

// One file that needs no other: light and dark, from a phone's width on.
std::string to_html(const Document& document);
std::string to_markdown(const Document& document);

// What a heading is linked by: lower case, letters, digits and hyphens.
std::string anchor(std::string_view heading);

}  // namespace topkit::cli::guide
