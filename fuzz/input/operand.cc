// The bytes of an operand: the three tiers.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/operand.h"

#include <cstdint>

#include "inject/plan.h"

namespace throwsplit::fuzz {
namespace {

static_assert(kNsMax == inject::kDurationNsMax, "one range of times, whoever sleeps");

constexpr std::uint8_t kTwoBytes = 0xc0;
constexpr std::uint8_t kLong = 0xe0;
constexpr std::uint64_t kTwoByteValues = 1 << 13;

// Of the one-byte times: how many there are without repeats, where the repeats begin, what they
// repeat.
constexpr std::uint8_t kTimes = 101;
constexpr std::uint8_t kRepeatedFirst = 37;  // 10 us
constexpr std::uint8_t kRepeated = 54;       // six decades, up to 9 s

// 0, then 1..9 ns, 10..90 ns, and so on up to 100 s.
std::uint64_t time_of(std::uint8_t index) {
  if (index == 0) return 0;
  std::uint64_t ns = 1 + (index - 1) % 9;
  for (int decade = (index - 1) / 9; decade > 0; decade--)
    ns *= 10;
  return ns;
}

std::uint64_t decode_time(std::uint8_t first, ByteReader& reader) {
  if (first < kTimes) return time_of(first);
  if (first < kTwoBytes) {
    return time_of(static_cast<std::uint8_t>(kRepeatedFirst + (first - kTimes) % kRepeated));
  }
  std::uint64_t value = first & 0x1f;
  if (first < kLong) return (value << 8 | reader.u8()) * 1'000;
  for (int i = 0; i < 4; i++)
    value = value << 8 | reader.u8();
  return value;
}

void encode_time(std::uint64_t ns, ByteWriter& writer) {
  for (std::uint8_t index = 0; index < kTimes; index++) {
    if (time_of(index) == ns) return writer.u8(index);
  }
  if (ns % 1'000 == 0 && ns / 1'000 < kTwoByteValues) {
    writer.u8(kTwoBytes | ns / 1'000 >> 8);
    return writer.u8(ns / 1'000);
  }
  writer.u8(kLong | ns >> 32);
  for (int shift = 24; shift >= 0; shift -= 8)
    writer.u8(ns >> shift);
}

std::uint64_t unit_of(OperandKind kind) { return kind == OperandKind::kFrameBytes ? 8 : 1; }

std::uint64_t decode_number(std::uint8_t first, std::uint64_t unit, ByteReader& reader) {
  if (first < kTwoBytes) return first * unit;
  const int more = first < kLong ? 1 : 2;
  std::uint64_t value = first & 0x1f;
  for (int i = 0; i < more; i++)
    value = value << 8 | reader.u8();
  return value;
}

void encode_number(std::uint64_t value, std::uint64_t unit, ByteWriter& writer) {
  if (value % unit == 0 && value / unit < kTwoBytes) return writer.u8(value / unit);
  if (value < kTwoByteValues) {
    writer.u8(kTwoBytes | value >> 8);
    return writer.u8(value);
  }
  writer.u8(kLong | value >> 16);
  writer.u8(value >> 8);
  writer.u8(value);
}

bool is_tiered(OperandKind kind) {
  return kind == OperandKind::kFrameBytes || kind == OperandKind::kCount ||
         kind == OperandKind::kBytes;
}

}  // namespace

std::uint64_t operand_max(OperandKind kind) {
  switch (kind) {
    case OperandKind::kNone:       return 0;
    case OperandKind::kFrameBytes: return kFrameBytesMax;
    case OperandKind::kNs:         return kNsMax;
    case OperandKind::kCount:      return kCountMax;
    case OperandKind::kPipe:       return kPipesMax - 1;
    case OperandKind::kBytes:      return kBytesMax;
    case OperandKind::kBody:       return kBodiesMax - 1;
    case OperandKind::kGoroutine:  return kGoroutinesMax - 1;
    case OperandKind::kMode:       return 1;
  }
  return 0;
}

std::uint64_t fold_operand(OperandKind kind, std::uint64_t value) {
  return value % (operand_max(kind) + 1);
}

std::uint64_t decode_operand(OperandKind kind, ByteReader& reader) {
  if (kind == OperandKind::kNone) return 0;
  const std::uint8_t first = reader.u8();
  if (kind == OperandKind::kNs) return fold_operand(kind, decode_time(first, reader));
  if (is_tiered(kind)) return fold_operand(kind, decode_number(first, unit_of(kind), reader));
  return fold_operand(kind, first);
}

void encode_operand(OperandKind kind, std::uint64_t value, ByteWriter& writer) {
  if (kind == OperandKind::kNone) return;
  if (kind == OperandKind::kNs) return encode_time(value, writer);
  if (is_tiered(kind)) return encode_number(value, unit_of(kind), writer);
  writer.u8(value);
}

}  // namespace throwsplit::fuzz
