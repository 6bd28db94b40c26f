// Small words of the text forms: how they are read and written.
// SPDX-License-Identifier: Apache-2.0
#include "inject/fail_term_words.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <numeric>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "inject/fail_term.h"

namespace throwsplit::inject {
namespace {

struct Unit {
  std::string_view name;
  std::uint64_t ns;
};

// Largest first: printing takes the first that divides, parsing the first whose name fits.
constexpr Unit kUnits[] = {{"s", 1'000'000'000}, {"ms", 1'000'000}, {"us", 1'000}, {"ns", 1}};

constexpr std::size_t kGuessLettersMax = 40;

bool is_digit(char c) { return c >= '0' && c <= '9'; }
bool is_letter(char c) { return (c >= 'a' && c <= 'z') || (c >= 'A' && c <= 'Z') || c == '_'; }

// Levenshtein's distance: letters to insert, drop or replace.
std::size_t edit_distance(std::string_view a, std::string_view b) {
  std::vector<std::size_t> row(b.size() + 1);
  std::iota(row.begin(), row.end(), std::size_t{0});
  for (std::size_t i = 0; i < a.size(); i++) {
    std::size_t diagonal = std::exchange(row[0], i + 1);
    for (std::size_t j = 0; j < b.size(); j++) {
      const std::size_t replaced = diagonal + (a[i] == b[j] ? 0 : 1);
      diagonal = row[j + 1];
      row[j + 1] = std::min({replaced, row[j] + 1, row[j + 1] + 1});
    }
  }
  return row[b.size()];
}

}  // namespace

std::string print_duration(std::uint64_t ns) {
  if (ns == 0) return "0ns";
  const auto* unit = std::ranges::find_if(kUnits, [ns](const Unit& u) { return ns % u.ns == 0; });
  return std::to_string(ns / unit->ns) + std::string(unit->name);
}

std::optional<std::uint64_t> parse_duration(std::string_view text) {
  const auto* end_of_digits = std::ranges::find_if_not(text, is_digit);
  const auto digits = static_cast<std::size_t>(end_of_digits - text.begin());
  const auto* unit = std::ranges::find(kUnits, text.substr(digits), &Unit::name);
  if (unit == std::end(kUnits)) return std::nullopt;
  const auto count = parse_decimal(text.substr(0, digits), kDurationNsMax / unit->ns);
  if (!count) return std::nullopt;
  return *count * unit->ns;
}

std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max) {
  if (text.empty()) return std::nullopt;
  std::uint64_t value = 0;
  for (const char c : text) {
    if (!is_digit(c)) return std::nullopt;
    const auto digit = static_cast<std::uint64_t>(c - '0');
    if (digit > max || value > (max - digit) / 10) return std::nullopt;
    value = value * 10 + digit;
  }
  return value;
}

std::optional<std::uint32_t> parse_numbered(std::string_view text, std::string_view prefix,
                                            std::uint32_t max) {
  if (!text.starts_with(prefix)) return std::nullopt;
  text.remove_prefix(prefix.size());
  if (text.empty() || text.size() > 4) return std::nullopt;
  std::uint32_t value = 0;
  for (const char c : text) {
    if (!is_digit(c) && !(c >= 'a' && c <= 'f')) return std::nullopt;
    value = value * 16 + static_cast<std::uint32_t>(is_digit(c) ? c - '0' : c - 'a' + 10);
  }
  return value <= max ? std::optional(value) : std::nullopt;
}

std::string print_numbered(std::string_view prefix, std::uint32_t number) {
  std::string digits;
  do {
    digits.insert(digits.begin(), "0123456789abcdef"[number % 16]);
    number /= 16;
  } while (number != 0);
  return std::string(prefix) + digits;
}

bool is_name(std::string_view text) {
  const auto belongs = [](char c) { return is_letter(c) || is_digit(c) || c == '.' || c == ':'; };
  return !text.empty() && is_letter(text[0]) && std::ranges::all_of(text, belongs);
}

std::string did_you_mean(std::string_view word, std::span<const std::string> candidates) {
  if (word.size() > kGuessLettersMax) return "";
  std::size_t nearest = std::min<std::size_t>(3, word.size());
  std::string_view guess;
  for (const std::string& candidate : candidates) {
    if (candidate.size() > kGuessLettersMax) continue;
    const std::size_t distance = edit_distance(word, candidate);
    if (distance >= nearest) continue;
    nearest = distance;
    guess = candidate;
  }
  return guess.empty() ? "" : " (did you mean '" + std::string(guess) + "'?)";
}

}  // namespace throwsplit::inject
