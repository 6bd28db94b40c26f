// Matches every rule with every function once, so that the walk only looks up.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/nosplit/facts.h"

#include <optional>

#include "runtime/nosplit/source_name.h"

namespace throwsplit::nosplit {
namespace {

// By the symbol, or by its path in the source.
bool matches_name(std::string_view pattern, std::string_view name) {
  return matches(pattern, name) || (name.starts_with("_Z") && matches(pattern, source_name(name)));
}

}  // namespace

bool any_matches(std::string_view pattern, const std::vector<std::string_view>& names) {
  for (std::string_view name : names) {
    if (matches_name(pattern, name)) return true;
  }
  return false;
}

Known::Known(const Image& image, const Rules& rules) : image_(image), rules_(rules) {
  resolve_bytes();
  for (const Rule& rule : rules_.rules) {
    if (rule.word == Word::limit) limits_[static_cast<int>(rule.limit)] = bytes(rule);
    if (rule.word == Word::foreign) foreign_ = bytes(rule);
    if (rule.word == Word::edge) edges_.push_back(&rule);
  }
  // What is not said is none, and the reserve is at least the part for nosplit chains.
  int64_t& small = limits_[static_cast<int>(Limit::small)];
  int64_t& reserve = limits_[static_cast<int>(Limit::reserve)];
  int64_t& checks = limits_[static_cast<int>(Limit::check)];
  if (small < 0) small = 0;
  if (checks < 0) checks = limit(Limit::nosplit);
  if (reserve < 0) reserve = limit(Limit::nosplit);
  match_functions();
}

void Known::resolve_bytes() {
  for (const Rule& rule : rules_.rules) {
    if (rule.bytes.symbol.empty()) continue;
    std::optional<int64_t> found;
    for (const Absolute& absolute : image_.absolutes) {
      if (!matches(rule.bytes.symbol, absolute.name)) continue;
      const auto value = static_cast<int64_t>(absolute.value);
      if (found && *found != value) {
        error_ = "two symbols " + rule.bytes.symbol + " say different numbers";
        return;
      }
      found = value;
    }
    if (!found) {
      error_ = "no symbol " + rule.bytes.symbol + ", which " + rules_.file + ":" +
               std::to_string(rule.line) + " asks for; these rules are not for this file";
      return;
    }
    if (*found < 0 || *found > (int64_t{1} << 40)) {
      error_ = "symbol " + rule.bytes.symbol + " is no number of bytes";
      return;
    }
    bytes_[&rule] = *found;
  }
}

int64_t Known::bytes(const Rule& rule) const {
  const auto found = bytes_.find(&rule);
  return found == bytes_.end() ? rule.bytes.value : found->second;
}

// Of two rules that say the same kind of thing, the first one counts.
void Known::note(const Rule& rule, Facts& facts) {
  const auto first = [&rule](const Rule*& fact) {
    if (fact == nullptr) fact = &rule;
  };
  switch (rule.word) {
    case Word::ours:
    case Word::theirs:   first(facts.whose); break;
    case Word::root:     first(facts.root); break;
    case Word::hop:      first(facts.hop); break;
    case Word::leaf:     first(facts.leaf); break;
    case Word::last:     first(facts.last); break;
    case Word::measured: first(facts.measured); break;
    case Word::frame:    first(facts.frame); break;
    case Word::calls:    first(facts.calls); break;
    case Word::noreturn: first(facts.noreturn); break;
    default:             break;
  }
}

void Known::match_functions() {
  functions_.resize(image_.functions.size());
  std::unordered_map<const Rule*, bool> matched;
  for (size_t i = 0; i < functions_.size(); i++) {
    for (std::string_view name : image_.functions[i].names) {
      const std::string source = source_name(name);
      for (const Rule& rule : rules_.rules) {
        if (rule.pattern.empty()) continue;
        if (!matches(rule.pattern, name) && !matches(rule.pattern, source)) continue;
        note(rule, functions_[i]);
        matched[&rule] = true;
      }
    }
  }
  for (const Rule& rule : rules_.rules) {
    if (rule.word == Word::root && !matched[&rule]) missing_roots_.push_back(&rule);
  }
}

const Facts& Known::of_name(std::string_view external) {
  const auto [found, is_new] = externals_.try_emplace(external);
  if (is_new) {
    for (const Rule& rule : rules_.rules) {
      if (!rule.pattern.empty() && matches_name(rule.pattern, external)) note(rule, found->second);
    }
  }
  return found->second;
}

const Rule* Known::edge(const std::vector<std::string_view>& from,
                        const std::vector<std::string_view>& to) const {
  for (const Rule* rule : edges_) {
    if (any_matches(rule->pattern, from) && any_matches(rule->targets[0], to)) return rule;
  }
  return nullptr;
}

std::vector<size_t> Known::functions_named(std::string_view pattern) const {
  std::vector<size_t> found;
  for (size_t i = 0; i < image_.functions.size(); i++) {
    if (any_matches(pattern, image_.functions[i].names)) found.push_back(i);
  }
  return found;
}

}  // namespace throwsplit::nosplit
