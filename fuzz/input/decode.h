// From bytes to an input: any bytes are one. A strict reader says what is wrong with a file.
// SPDX-License-Identifier: Apache-2.0
//
// A file (integers little-endian unless said otherwise):
//
//   "TSPL"  version = 1  { tag  length (4 bytes)  payload }...  tag 0, length 0
//
//   tag 1 config    procs - 1, rescues, max_ms - 1, flags (4 bytes); more is passed over
//   tag 2 program   ops: code, then operands as in operand.h. 0xff begins the next body, 0xfe ends
//                   the program; ops past the eighth body's break belong to the eighth body
//   tag 3 faults    inject/plan.h
//   tag 4 schedule  strategy, seed (8 bytes), row count (2 bytes), rows of site (2 bytes),
//                   occurrence (one byte b below 0xf0 says b + 1; else 4 bytes follow it), carrier;
//                   what is left are choice bytes
//
// Sections come in any order, unknown ones are passed over, a missing one has its default, of two
// the first counts.
//
// Bytes without the magic are the same payloads back to back, so that a fuzzer needs no lengths:
//
//   config (7 bytes)  ops... 0xfe  terms... 0xff  schedule
//
// Missing bytes are 0, but a config field that is missing altogether has its default. Everything is
// read in one pass; nothing is allocated beyond the limits of input.h.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>
#include <variant>

#include "fuzz/input/input.h"

namespace throwsplit::fuzz {

inline constexpr std::uint8_t kMagic[] = {'T', 'S', 'P', 'L'};
inline constexpr std::uint8_t kVersion = 1;
inline constexpr std::uint8_t kLongOccurrence = 0xf0;

enum class Tag : std::uint8_t { kEnd = 0, kConfig = 1, kProgram = 2, kFaults = 3, kSchedule = 4 };

bool has_magic(std::span<const std::uint8_t> bytes);

// Total: every byte string is a valid input, another version byte is read as this one, lengths that
// reach too far are shortened. For fuzz targets, and to replay exactly what a fuzzer ran.
// decode(encode(x)) == x.
Input decode(std::span<const std::uint8_t> bytes);

struct DecodeError {
  std::size_t offset = 0;
  std::string message;
};

// Strict: the magic, a version that this build reads, whole sections, nothing over a limit, the end
// section, and nothing behind it. What it accepts, decode reads as the same input.
std::variant<Input, DecodeError> decode_file(std::span<const std::uint8_t> bytes);

}  // namespace throwsplit::fuzz
