// What an op is: the rows of op.def as a table, and the kinds of operands.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <span>
#include <string_view>

namespace throwsplit::fuzz {

enum class OpCode : std::uint8_t {
#define OP(code, camel, name, kind0, kind1, kind2, needs, doc) k##camel = code,
#include "fuzz/input/op.def"
};

enum class OperandKind : std::uint8_t {
  kNone,
  kFrameBytes,
  kNs,
  kCount,
  kPipe,
  kBytes,
  kBody,
  kGoroutine,
  kMode,
};

enum class Mode : std::uint8_t { kFast = 0, kBlock = 1 };
enum class Needs : std::uint8_t { kNative = 0, kMapped = 1, kGc = 2 };

inline constexpr std::size_t kOperandsMax = 3;

struct OpRow {
  std::uint8_t code;
  std::string_view name;
  std::array<OperandKind, kOperandsMax> kinds;  // kNone from the last one on
  Needs needs;
  std::string_view doc;
};

// In the order of op.def.
std::span<const OpRow> op_rows();

// nullptr where op.def has no row.
const OpRow* op_row(std::uint8_t code);
const OpRow* op_row(std::string_view name);

// The word that leads an operand of this kind in the text form; "" for kNone.
std::string_view kind_word(OperandKind kind);
// Whether the text form puts that word before each operand: beside the mode there are several.
bool operands_are_led(const OpRow& row);

// One step of a body. Operands that the row does not name are 0.
struct Op {
  std::uint8_t code = 0;
  std::array<std::uint64_t, kOperandsMax> operand{};

  bool operator==(const Op&) const = default;
};

}  // namespace throwsplit::fuzz
