#include "cli/demo/wordnet.hpp"

#include <algorithm>
#include <charconv>
#include <filesystem>
#include <unordered_map>
#include <utility>

#include "cli/error.hpp"
#include "cli/mapped_file.hpp"

namespace topkit::cli::demo {
namespace {

// Calls body(line) for the lines that are no part of the licence at the top, which begin with two spaces.
template <class Body>
void for_each_line(const std::string& path, Body&& body) {
  const MappedFile file(path);
  std::string_view rest(reinterpret_cast<const char*>(file.bytes().data()), file.bytes().size());
  while (!rest.empty()) {
    const std::size_t end = std::min(rest.find('\n'), rest.size());
    const std::string_view line = rest.substr(0, end);
    if (!line.starts_with("  ") && !line.empty()) body(line);
    rest.remove_prefix(std::min(end + 1, rest.size()));
  }
}

// Blank-separated fields of a line, from the left.
class Fields {
 public:
  explicit Fields(std::string_view line) : rest_(line) {}

  std::string_view next() {
    const std::size_t end = std::min(rest_.find(' '), rest_.size());
    const std::string_view field = rest_.substr(0, end);
    rest_.remove_prefix(std::min(end + 1, rest_.size()));
    return field;
  }

  std::int64_t number(int base = 10) {
    const std::string_view field = next();
    std::int64_t value = 0;
    const auto [stop, error] = std::from_chars(field.data(), field.data() + field.size(), value, base);
    if (error != std::errc() || stop != field.data() + field.size())
      invalid("WordNet: {} is not a number where the format (wndb(5)) has one", quote(field));
    return value;
  }

 private:
  std::string_view rest_;
};

constexpr std::string_view kFiles[] = {"noun", "verb", "adj", "adv"};
constexpr std::string_view kKinds = "nvar";

std::int64_t key_of(std::size_t file, std::int64_t offset) { return offset * 4 + static_cast<std::int64_t>(file); }

std::string words_text(std::string_view word) {
  std::string text(word.substr(0, word.find('(')));  // adjectives carry a marker such as (p)
  std::replace(text.begin(), text.end(), '_', ' ');
  return text;
}

// Definition; "example" -> Definition
std::string_view definition_of(std::string_view line) {
  const std::size_t bar = line.find("| ");
  if (bar == std::string_view::npos) return "";
  std::string_view gloss = line.substr(bar + 2);
  gloss = gloss.substr(0, gloss.find("; \""));
  while (!gloss.empty() && gloss.back() == ' ') gloss.remove_suffix(1);
  return gloss;
}

}  // namespace

std::int32_t WordNet::find(std::string_view noun) const {
  const auto found = std::lower_bound(nouns.begin(), nouns.end(), noun,
                                      [](const auto& entry, std::string_view wanted) { return entry.first < wanted; });
  return found != nouns.end() && found->first == noun ? found->second : -1;
}

WordNet read_wordnet(const std::string& folder) {
  if (!std::filesystem::exists(folder + "/data.noun"))
    invalid("--data = {}: has no data.noun; install WordNet (apt-get install wordnet-base) or say where it is",
            quote(folder));
  WordNet net;
  std::unordered_map<std::int64_t, std::int32_t> places;
  std::vector<std::vector<std::int64_t>> above;
  for (std::size_t file = 0; file < std::size(kFiles); ++file)
    for_each_line(formatted("{}/data.{}", folder, kFiles[file]), [&](std::string_view line) {
      Fields fields(line);
      places.emplace(key_of(file, fields.number()), static_cast<std::int32_t>(net.meanings.size()));
      fields.next(), fields.next();  // lexicographer file, kind
      Meaning& meaning = net.meanings.emplace_back();
      for (std::int64_t count = fields.number(16); count > 0; --count, fields.next())
        meaning.words += (meaning.words.empty() ? "" : ", ") + words_text(fields.next());
      std::vector<std::int64_t>& keys = above.emplace_back();
      for (std::int64_t count = fields.number(); count > 0; --count) {
        const std::string_view relation = fields.next();
        const std::int64_t offset = fields.number();
        const std::size_t kind = kKinds.find(fields.next());
        fields.next();  // which words of the two
        if (relation.starts_with('@') && kind != std::string_view::npos) keys.push_back(key_of(kind, offset));
      }
      meaning.definition = definition_of(line);
    });
  for (std::size_t i = 0; i < above.size(); ++i)
    for (const std::int64_t key : above[i])
      if (const auto place = places.find(key); place != places.end()) net.meanings[i].above.push_back(place->second);
  for_each_line(folder + "/index.noun", [&](std::string_view line) {
    Fields fields(line);
    const std::string word = words_text(fields.next());
    fields.next(), fields.next();  // kind, number of meanings
    for (std::int64_t count = fields.number(); count > 0; --count) fields.next();
    fields.next(), fields.next();  // meanings again, those that were tagged
    if (const auto place = places.find(key_of(0, fields.number())); place != places.end())
      net.nouns.emplace_back(word, place->second);
  });
  std::sort(net.nouns.begin(), net.nouns.end());
  return net;
}

}  // namespace topkit::cli::demo
