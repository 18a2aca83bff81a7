#include <cctype>

#include "cli/guide/document.hpp"
#include "text.hpp"

namespace topkit::cli::guide {
namespace {

// In a cell a bar would end it.
std::string cell_text(const Cell& cell) {
  std::string text;
  for (const char c : cell.text) text += c == '|' ? std::string("\\|") : std::string(1, c);
  return cell.tone == Tone::behind || cell.tone == Tone::far_behind ? formatted("**{}**", text) : text;
}

std::string line_of(const std::vector<Cell>& row) {
  std::string line = "|";
  for (const Cell& cell : row) line += formatted(" {} |", cell_text(cell));
  return line + '\n';
}

std::string table_text(const Table& table) {
  if (table.head.empty()) return "";
  std::string text = "|";
  for (const std::string& head : table.head) text += formatted(" {} |", head);
  text += "\n|";
  for (std::size_t i = 0; i < table.head.size(); ++i) text += i < table.words ? "---|" : "---:|";
  text += '\n';
  for (const std::vector<Cell>& row : table.rows) text += line_of(row);
  return text + '\n';
}

struct MarkdownWriter {
  std::string text;

  void operator()(const Heading& block) {
    text += formatted("{} {}\n\n", std::string(static_cast<std::size_t>(block.level), '#'), block.text);
  }
  void operator()(const Paragraph& block) { text += block.text + "\n\n"; }
  void operator()(const Table& block) { text += table_text(block); }
  // A drawing without a table of its numbers is the other file's alone.
  void operator()(const Figure& block) {
    if (block.data.head.empty()) return;
    text += formatted("**{}.** {}\n\n{}", block.title, block.caption, table_text(block.data));
  }
  void operator()(const Code& block) { text += formatted("```console\n{}\n```\n\n", block.text); }
  void operator()(const Bullets& block) {
    for (const auto& [depth, item] : block.items)
      text += formatted("{}- {}\n", std::string(2 * static_cast<std::size_t>(depth), ' '), item);
    text += '\n';
  }
};

}  // namespace

std::string plain(std::string_view text) {
  constexpr std::string_view kMarks = "\\`*_[]()<>#|";
  std::string out;
  for (const char c : text) {
    if (static_cast<unsigned char>(c) < 0x20 || c == 0x7f) {
      out += ' ';
      continue;
    }
    if (kMarks.find(c) != std::string_view::npos) out += '\\';
    out += c;
  }
  return out;
}

std::string anchor(std::string_view heading) {
  std::string out;
  for (const char c : heading) {
    if (std::isalnum(static_cast<unsigned char>(c)) != 0) out += static_cast<char>(std::tolower(c));
    if (c == ' ' || c == '-') out += '-';
  }
  return out;
}

std::string to_markdown(const Document& document) {
  MarkdownWriter writer{.text = formatted("# {}\n\n{}\n\n", document.title, document.lead)};
  for (const Block& block : document.blocks) std::visit(writer, block);
  writer.text.pop_back();  // the last block's empty line
  return writer.text;
}

}  // namespace topkit::cli::guide
