// If this fails: an operand does not survive its bytes, or leaves its range.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/operand.h"

#include <gtest/gtest.h>

#include <cstddef>
#include <cstdint>
#include <vector>

#include "fuzz/input/dice.h"

namespace throwsplit::fuzz {
namespace {

constexpr OperandKind kKinds[] = {
    OperandKind::kNone,  OperandKind::kFrameBytes, OperandKind::kNs,
    OperandKind::kCount, OperandKind::kPipe,       OperandKind::kBytes,
    OperandKind::kBody,  OperandKind::kGoroutine,  OperandKind::kMode};

std::size_t round_trip(OperandKind kind, std::uint64_t value) {
  ByteWriter writer;
  encode_operand(kind, value, writer);
  ByteReader reader(writer.bytes());
  EXPECT_EQ(decode_operand(kind, reader), value) << kind_word(kind);
  EXPECT_TRUE(reader.is_empty());
  EXPECT_FALSE(reader.overran());
  return writer.bytes().size();
}

TEST(Operand, EveryValueSurvives) {
  for (const OperandKind kind : kKinds) {
    if (kind == OperandKind::kNs) continue;
    for (std::uint64_t value = 0; value <= operand_max(kind); value++)
      round_trip(kind, value);
  }
}

TEST(Operand, EveryTimeSurvives) {
  Dice dice(1);
  for (int i = 0; i < 100'000; i++) {
    const std::uint64_t below = 1 + (kNsMax >> dice.below(37));
    round_trip(OperandKind::kNs, dice.below(below));
  }
  round_trip(OperandKind::kNs, kNsMax);
}

TEST(Operand, RoundTimesTakeOneByte) {
  for (const std::uint64_t ns :
       {0ull, 1ull, 20'000ull, 10'000'000ull, 60'000'000'000ull, 100'000'000'000ull}) {
    EXPECT_EQ(round_trip(OperandKind::kNs, ns), 1u) << ns;
  }
  EXPECT_EQ(round_trip(OperandKind::kNs, 123'000), 2u);
  EXPECT_EQ(round_trip(OperandKind::kNs, 123'456), 5u);
}

TEST(Operand, AnyBytesAreInRange) {
  Dice dice(2);
  for (int i = 0; i < 200'000; i++) {
    std::vector<std::uint8_t> bytes(dice.below(6));
    for (std::uint8_t& byte : bytes)
      byte = dice.byte();
    for (const OperandKind kind : kKinds) {
      ByteReader reader(bytes);
      ASSERT_LE(decode_operand(kind, reader), operand_max(kind));
    }
  }
}

TEST(Operand, SmallFramesDominate) {
  int small = 0;
  for (int first = 0; first < 256; first++) {
    const std::uint8_t bytes[] = {static_cast<std::uint8_t>(first), 0xff, 0xff};
    ByteReader reader(bytes);
    small += decode_operand(OperandKind::kFrameBytes, reader) <= 2048 ? 1 : 0;
  }
  EXPECT_GE(small, 192);
}

}  // namespace
}  // namespace throwsplit::fuzz
