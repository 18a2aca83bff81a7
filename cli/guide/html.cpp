#include "cli/guide/document.hpp"
#include "cli/guide/style.hpp"
#include "text.hpp"

namespace topkit::cli::guide {
namespace {

std::string escaped(char c) {
  switch (c) {
    case '&': return "&amp;";
    case '<': return "&lt;";
    case '>': return "&gt;";
    case '"': return "&quot;";
    default: return std::string(1, c);
  }
}

std::string escaped(std::string_view text) {
  std::string out;
  for (const char c : text) out += escaped(c);
  return out;
}

// The marks of document.hpp; one that is not closed is a character like any other.
class Inline {
 public:
  explicit Inline(std::string_view text) : text_(text) {}

  std::string html() {
    std::string out;
    while (at_ < text_.size()) out += next();
    return out;
  }

 private:
  std::string next() {
    const char c = text_[at_];
    if (c == '\\' && at_ + 1 < text_.size()) {
      at_ += 2;
      return escaped(text_[at_ - 1]);
    }
    if (c == '`')
      if (const std::size_t end = text_.find('`', at_ + 1); end != std::string_view::npos)
        return wrapped(end, 1, "<code>", escaped(text_.substr(at_ + 1, end - at_ - 1)), "</code>");
    if (text_.substr(at_).starts_with("**"))
      if (const std::size_t end = text_.find("**", at_ + 2); end != std::string_view::npos)
        return wrapped(end, 2, "<strong>", Inline(text_.substr(at_ + 2, end - at_ - 2)).html(), "</strong>");
    if (c == '[')
      if (const std::size_t middle = text_.find("](", at_); middle != std::string_view::npos)
        if (const std::size_t end = text_.find(')', middle); end != std::string_view::npos) return link(middle, end);
    ++at_;
    return escaped(c);
  }

  std::string wrapped(std::size_t end, std::size_t mark, const char* open, const std::string& inner,
                      const char* close) {
    at_ = end + mark;
    return open + inner + close;
  }

  std::string link(std::size_t middle, std::size_t end) {
    const std::string words = Inline(text_.substr(at_ + 1, middle - at_ - 1)).html();
    const std::string address = escaped(text_.substr(middle + 2, end - middle - 2));
    at_ = end + 1;
    return formatted(R"(<a href="{}">{}</a>)", address, words);
  }

  std::string_view text_;
  std::size_t at_ = 0;
};

std::string inline_html(std::string_view text) { return Inline(text).html(); }

std::string_view tone_class(Tone tone) {
  switch (tone) {
    case Tone::far_behind: return "t0";
    case Tone::behind: return "t1";
    case Tone::even: return "t2";
    case Tone::ahead: return "t3";
    case Tone::far_ahead: return "t4";
    default: return "";
  }
}

std::string table_html(const Table& table) {
  if (table.head.empty()) return "";
  const auto kind = [&](std::size_t column) { return column < table.words ? std::string_view("w") : "n"; };
  std::string text = "<div class=\"scroll\"><table>\n<thead><tr>";
  for (std::size_t i = 0; i < table.head.size(); ++i)
    text += formatted(R"(<th class="{}" scope="col">{}</th>)", kind(i), inline_html(table.head[i]));
  text += "</tr></thead>\n<tbody>\n";
  for (const std::vector<Cell>& row : table.rows) {
    text += "<tr>";
    for (std::size_t i = 0; i < row.size(); ++i) {
      const std::string_view tone = tone_class(row[i].tone);
      text +=
          formatted(R"(<td class="{}{}{}">{}</td>)", kind(i), tone.empty() ? "" : " ", tone, inline_html(row[i].text));
    }
    text += "</tr>\n";
  }
  return text + "</tbody></table></div>\n";
}

class HtmlWriter {
 public:
  std::string text;

  void operator()(const Heading& block) {
    close(kNothing);
    const std::string words = inline_html(block.text);
    if (block.level == 2)
      text += formatted("<h2 id=\"{}\">{}</h2>\n", anchor(block.text), words);
    else
      text += formatted("<h3>{}</h3>\n", words);
  }
  void operator()(const Paragraph& block) {
    close(kNothing);
    text += formatted("<p>{}</p>\n", inline_html(block.text));
  }
  void operator()(const Table& block) {
    close(kNothing);
    text += table_html(block);
  }
  // Figures that follow one another share a line where there is room.
  void operator()(const Figure& block) {
    close(kFigures);
    if (!in_figures_) text += "<div class=\"figures\">\n";
    in_figures_ = true;
    text += formatted("<figure><h4>{}</h4>\n{}<figcaption>{}</figcaption>\n", inline_html(block.title), block.svg,
                      inline_html(block.caption));
    if (!block.data.head.empty())
      text += formatted("<details><summary>the numbers</summary>{}</details>\n", table_html(block.data));
    text += "</figure>\n";
  }
  void operator()(const Code& block) {
    close(kNothing);
    text += formatted("<pre><code>{}</code></pre>\n", escaped(block.text));
  }
  void operator()(const Bullets& block) {
    close(kNothing);
    int depth = -1;
    for (const auto& [level, item] : block.items) {
      for (; depth < level; ++depth) text += "<ul>\n";
      for (; depth > level; --depth) text += "</ul>\n";
      text += formatted("<li>{}</li>\n", inline_html(item));
    }
    for (; depth >= 0; --depth) text += "</ul>\n";
  }
  void finish() { close(kNothing); }

 private:
  enum Next : std::uint8_t { kNothing, kFigures };
  void close(Next next) {
    if (in_figures_ && next != kFigures) {
      text += "</div>\n";
      in_figures_ = false;
    }
  }
  bool in_figures_ = false;
};

std::string contents(const Document& document) {
  std::string text = "<nav>";
  for (const Block& block : document.blocks)
    if (const auto* heading = std::get_if<Heading>(&block); heading != nullptr && heading->level == 2)
      text += formatted("<a href=\"#{}\">{}</a>\n", anchor(heading->text), inline_html(heading->text));
  return text + "</nav>\n";
}

}  // namespace

std::string to_html(const Document& document) {
  HtmlWriter writer;
  for (const Block& block : document.blocks) std::visit(writer, block);
  writer.finish();
  return formatted(
      "<!doctype html>\n<html lang=\"en\">\n<head>\n<meta charset=\"utf-8\">\n"
      "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n"
      "<meta name=\"color-scheme\" content=\"light "
      "dark\">\n<title>{}</title>\n<style>\n{}</style>\n</head>\n<body>\n<main>\n"
      "<h1>{}</h1>\n<p class=\"lead\">{}</p>\n{}{}</main>\n</body>\n</html>\n",
      escaped(document.title), kStyle, inline_html(document.title), inline_html(document.lead), contents(document),
      writer.text);
}

}  // namespace topkit::cli::guide
