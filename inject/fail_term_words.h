// Small words of the text forms: durations, numbers, names, and guesses at what was meant.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>

namespace throwsplit::inject {

// A duration as people write it: the largest of ns, us, ms, s that divides it. 0 is `0ns`.
std::string print_duration(std::uint64_t ns);
// The whole text must be a number and a unit, at most 100s.
std::optional<std::uint64_t> parse_duration(std::string_view text);
// Digits only, no sign, at most `max`.
std::optional<std::uint64_t> parse_decimal(std::string_view text, std::uint64_t max);
// `text` must be `prefix` (such as "site_0x") and one to four lower-case hex digits, at most `max`.
std::optional<std::uint32_t> parse_numbered(std::string_view text, std::string_view prefix,
                                            std::uint32_t max);
std::string print_numbered(std::string_view prefix, std::uint32_t number);
// A name that the text forms can carry: a letter or _, then letters, digits, _ . and :
bool is_name(std::string_view text);
// " (did you mean 'sleep'?)", or nothing where no candidate is near.
std::string did_you_mean(std::string_view word, std::span<const std::string> candidates);

}  // namespace throwsplit::inject
