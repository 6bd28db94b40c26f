// Random inputs for the tests of this room: byte strings that reach far into the format.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "fuzz/input/decode.h"
#include "fuzz/input/dice.h"
#include "fuzz/input/encode.h"
#include "fuzz/input/text.h"

namespace throwsplit::fuzz {

// Uniform bytes, bytes with many codes that mean something, or a damaged file.
inline std::vector<std::uint8_t> random_bytes(Dice& dice) {
  std::vector<std::uint8_t> bytes(dice.below(std::uint64_t{1} << dice.below(10)));
  const std::uint64_t way = dice.below(3);
  for (std::uint8_t& byte : bytes) {
    byte = dice.byte();
    if (way == 0) continue;
    if (dice.one_in(2)) byte = op_rows()[dice.below(op_rows().size())].code;
    if (dice.one_in(32)) byte = dice.one_in(2) ? kBodyBreak : kProgramEnd;
  }
  if (way != 2) return bytes;
  bytes = encode(decode(bytes));
  for (std::uint64_t i = dice.below(4); i > 0; i--)
    bytes[dice.below(bytes.size())] = dice.byte();
  if (dice.one_in(4)) bytes.resize(dice.below(bytes.size()));
  return bytes;
}

// A few sites and points with names; s4 is a trap: its name is a word of the language.
inline SiteNames test_names() {
  struct Name {
    std::uint16_t number;
    std::string_view text;
  };
  static constexpr Name kNames[] = {
      {1, "entersyscall_start"},  {3, "sysmonwait_window"},  {4, "choices"},
      {7, "entersyscall_gcwait"}, {32, "retake_before_cas"}, {0x1008, "g.status:load"}};
  SiteNames names;
  names.number_of = [](std::string_view text) -> std::optional<std::uint16_t> {
    for (const Name& name : kNames) {
      if (name.text == text) return name.number;
    }
    return std::nullopt;
  };
  names.name_of = [](std::uint16_t number) -> std::string {
    for (const Name& name : kNames) {
      if (name.number == number) return std::string(name.text);
    }
    return "";
  };
  names.all = [] {
    std::vector<std::string> all;
    for (const Name& name : kNames)
      all.emplace_back(name.text);
    return all;
  };
  names.points.number_of = [](std::string_view text) -> std::optional<std::uint8_t> {
    for (const Name& name : kNames) {
      if (name.text == text && name.number < 256) return static_cast<std::uint8_t>(name.number);
    }
    return std::nullopt;
  };
  names.points.name_of = [name_of = names.name_of](std::uint8_t number) { return name_of(number); };
  names.points.all = names.all;
  return names;
}

}  // namespace throwsplit::fuzz
