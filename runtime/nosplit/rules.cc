// Reads rules: words are checked at once, and every complaint names its line.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/nosplit/rules.h"

#include <cstddef>
#include <optional>
#include <utility>

namespace throwsplit::nosplit {

const char* limit_name(Limit limit) {
  constexpr const char* kNames[kLimits] = {"nosplit", "check", "small", "reserve", "system"};
  return kNames[static_cast<int>(limit)];
}

const Rule* Rules::first(Word word) const {
  for (const Rule& rule : rules) {
    if (rule.word == word) return &rule;
  }
  return nullptr;
}

namespace {

constexpr int64_t kBytesMax = int64_t{1} << 30;

// What a line of a word looks like, after the word: p a pattern, b bytes, l a limit, s a slot, t
// one target, T targets; what follows a question mark may be left out.
struct Shape {
  const char* name;
  Word word;
  const char* parts;
  const char* usage;
};

constexpr Shape kShapes[] = {
    {"check", Word::check, "ps", "check SYMBOL %fs:SLOT"},
    {"limit", Word::limit, "lb", "limit nosplit|check|small|reserve|system BYTES"},
    {"ours", Word::ours, "p", "ours PATTERN"},
    {"theirs", Word::theirs, "p", "theirs PATTERN"},
    {"root", Word::root, "p?l", "root PATTERN [LIMIT]"},
    {"hop", Word::hop, "p", "hop PATTERN"},
    {"leaf", Word::leaf, "pb", "leaf PATTERN BYTES"},
    {"last", Word::last, "pb", "last PATTERN BYTES"},
    {"measured", Word::measured, "p", "measured PATTERN"},
    {"foreign", Word::foreign, "b", "foreign BYTES"},
    {"frame", Word::frame, "pb", "frame PATTERN BYTES"},
    {"calls", Word::calls, "pT", "calls PATTERN checked|TARGET..."},
    {"edge", Word::edge, "ptb", "edge PATTERN PATTERN BYTES"},
    {"noreturn", Word::noreturn, "p", "noreturn PATTERN"},
};

std::vector<std::string> split(std::string_view text) {
  std::vector<std::string> words;
  size_t at = 0;
  while ((at = text.find_first_not_of(" \t\r", at)) != std::string_view::npos) {
    const size_t end = std::min(text.find_first_of(" \t\r", at), text.size());
    words.emplace_back(text.substr(at, end - at));
    at = end;
  }
  return words;
}

std::optional<int64_t> number(std::string_view word) {
  int base = 10;
  if (word.starts_with("0x")) {
    base = 16;
    word.remove_prefix(2);
  }
  if (word.empty()) return std::nullopt;
  int64_t value = 0;
  for (char c : word) {
    int digit = c >= '0' && c <= '9' ? c - '0' : 99;
    if (c >= 'a' && c <= 'f') digit = c - 'a' + 10;
    if (digit >= base) return std::nullopt;
    value = value * base + digit;
    if (value > kBytesMax) return std::nullopt;
  }
  return value;
}

std::optional<Bytes> bytes_of(const std::string& word) {
  if (word.size() > 1 && word[0] == '@') return Bytes{0, word.substr(1)};
  const auto value = number(word);
  if (!value) return std::nullopt;
  return Bytes{*value, ""};
}

std::optional<Limit> limit_of(const std::string& word) {
  for (int i = 0; i < kLimits; i++) {
    if (word == limit_name(static_cast<Limit>(i))) return static_cast<Limit>(i);
  }
  return std::nullopt;
}

// Puts one word of a line where it belongs. False: it does not fit.
bool take(char part, const std::string& word, Rule& rule) {
  switch (part) {
    case 'p': rule.pattern = word; return true;
    case 't':
    case 'T': rule.targets.push_back(word); return true;
    case 'b': {
      const auto bytes = bytes_of(word);
      if (bytes) rule.bytes = *bytes;
      return bytes.has_value();
    }
    case 'l': {
      const auto limit = limit_of(word);
      if (limit) rule.limit = *limit;
      return limit.has_value();
    }
    default: {  // a slot
      constexpr std::string_view kSegment = "%fs:";
      const auto slot =
          word.starts_with(kSegment) ? number(word.substr(kSegment.size())) : std::nullopt;
      if (slot) rule.slot = static_cast<uint32_t>(*slot);
      return slot.has_value();
    }
  }
}

// A rule, or what is wrong with the line.
std::variant<Rule, std::string> parse_line(std::string_view line) {
  constexpr std::string_view kBecause = " -- ";
  const size_t because = line.find(kBecause);
  const std::vector<std::string> words = split(line.substr(0, because));
  if (words.empty()) return "a line begins with a word";
  const Shape* shape = nullptr;
  std::string known;
  for (const Shape& each : kShapes) {
    known += std::string(known.empty() ? "" : " ") + each.name;
    if (words[0] == each.name) shape = &each;
  }
  if (shape == nullptr) return "unknown word '" + words[0] + "'; there are " + known;
  if (because == std::string_view::npos || split(line.substr(because + kBecause.size())).empty()) {
    return "a line ends with ` -- ` and a reason";
  }
  Rule rule;
  rule.word = shape->word;
  rule.reason = std::string(line.substr(because + kBecause.size()));
  std::string parts = shape->parts;
  const bool many = parts.back() == 'T';
  const size_t least = std::min(parts.find('?'), parts.size());
  std::erase(parts, '?');
  if (words.size() - 1 < least || (words.size() - 1 > parts.size() && !many)) {
    return std::string("expected `") + shape->usage + " -- reason`";
  }
  for (size_t i = 1; i < words.size(); i++) {
    if (!take(parts[std::min(i, parts.size()) - 1], words[i], rule)) {
      return "'" + words[i] + "' does not fit into `" + shape->usage + "`";
    }
  }
  return rule;
}

}  // namespace

std::variant<Rules, std::string> parse_rules(std::string_view text, const std::string& file) {
  Rules rules;
  rules.file = file;
  uint32_t number = 0;
  bool have_limit[kLimits] = {};
  while (!text.empty()) {
    const size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    text.remove_prefix(std::min(end + 1, text.size()));
    number++;
    const size_t first = line.find_first_not_of(" \t\r");
    if (first == std::string_view::npos || line[first] == '#') continue;
    auto parsed = parse_line(line);
    const std::string where = file + ":" + std::to_string(number) + ": ";
    if (auto* error = std::get_if<std::string>(&parsed)) return where + *error;
    auto& rule = *std::get_if<Rule>(&parsed);
    rule.line = number;
    if (rule.word == Word::limit) {
      bool& have = have_limit[static_cast<int>(rule.limit)];
      if (have) return where + "limit " + limit_name(rule.limit) + " was said before";
      have = true;
    }
    rules.rules.push_back(std::move(rule));
  }
  if (!have_limit[static_cast<int>(Limit::nosplit)]) return file + ": no line says limit nosplit";
  return rules;
}

}  // namespace throwsplit::nosplit
