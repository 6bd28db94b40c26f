// The bytes of an operand: any bytes are one in range; small or round ones take one byte.
// SPDX-License-Identifier: Apache-2.0
//
// Pipe, body, goroutine, mode: one byte, its low bits. The others begin with a byte b that says
// which tier follows; a writer takes the first tier that can say the value exactly.
//
//   b          frame_bytes, count, bytes             ns
//   00 .. bf   b * unit (unit 8, 1, 1)               00: 0; 01 .. 64: 1 ns to 100 s, nine a decade;
//                                                    65 .. bf: 10 us to 9 s again, twice as likely
//   c0 .. df   13 bits: b's low 5, then 1 byte       13 bits of us
//   e0 .. ff   21 bits: b's low 5, then 2 bytes      37 bits of ns: b's low 5, then 4 bytes
//
// The bits of b are the high ones, the bytes behind it big-endian, so that the first byte counts
// most. What is past the largest value folds modulo (max + 1). Three bytes in four are one-byte
// values.
#pragma once

#include <cstdint>

#include "fuzz/input/bytes.h"
#include "fuzz/input/op.h"

namespace throwsplit::fuzz {

inline constexpr std::uint64_t kFrameBytesMax = 65'536;
inline constexpr std::uint64_t kNsMax = 100'000'000'000;
inline constexpr std::uint64_t kCountMax = 1'000;
inline constexpr std::uint64_t kBytesMax = 4'096;
inline constexpr std::uint64_t kPipesMax = 4;
inline constexpr std::uint64_t kBodiesMax = 8;
inline constexpr std::uint64_t kGoroutinesMax = 16;

// The largest operand of a kind; 0 for kNone.
std::uint64_t operand_max(OperandKind kind);

// Modulo (max + 1).
std::uint64_t fold_operand(OperandKind kind, std::uint64_t value);

std::uint64_t decode_operand(OperandKind kind, ByteReader& reader);

// Needs: value <= operand_max(kind). decode_operand reads back the same value.
void encode_operand(OperandKind kind, std::uint64_t value, ByteWriter& writer);

}  // namespace throwsplit::fuzz
