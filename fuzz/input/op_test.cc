// If this fails: the table of ops contradicts itself, or a number that files rely on has changed.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/input/op.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <set>
#include <string>
#include <string_view>

#include "fuzz/input/input.h"
#include "fuzz/input/text.h"

namespace throwsplit::fuzz {
namespace {

TEST(Op, RowsAreSound) {
  std::set<std::uint8_t> codes;
  std::set<std::string_view> names;
  for (const OpRow& row : op_rows()) {
    EXPECT_TRUE(codes.insert(row.code).second) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_LT(row.code, kProgramEnd) << row.name;
    EXPECT_TRUE(inject::is_name(row.name)) << row.name;
    EXPECT_FALSE(is_reserved_word(row.name)) << row.name << " would begin a section";
    EXPECT_TRUE(row.doc.ends_with(".")) << row.name;
    bool ended = false;
    for (const OperandKind kind : row.kinds) {
      EXPECT_FALSE(ended && kind != OperandKind::kNone) << row.name;
      ended = ended || kind == OperandKind::kNone;
    }
    EXPECT_EQ(op_row(row.code), &row);
    EXPECT_EQ(op_row(row.name), &row);
  }
  EXPECT_EQ(op_row(std::uint8_t{0x77}), nullptr);
  EXPECT_EQ(op_row("walk"), nullptr);
}

// The version-1 set, written out: rows may be added, none of these may change.
TEST(Op, NumbersAreForEver) {
  constexpr std::string_view kFrozen =
      "00 nop\n01 call frame\n02 ret\n03 checksum\n04 grow bytes\n08 spin count\n09 hog count\n"
      "0a yield\n0b preempt goroutine\n10 getpid mode\n11 nanosleep mode time\n"
      "12 read mode pipe bytes\n13 write mode pipe bytes\n14 pause mode\n15 sched_yield mode\n"
      "20 blocking time\n21 systemstack count\n28 spawn body\n29 park\n2a wake goroutine\n"
      "2b sleep time\n2c lockthread\n2d unlockthread\n38 stw count\n40 web count\n"
      "41 lend goroutine bytes\n42 callback body\n43 shrink\n50 collect\n";
  std::string rows;
  for (const OpRow& row : op_rows()) {
    rows += "0123456789abcdef"[row.code >> 4];
    rows += "0123456789abcdef"[row.code & 15];
    rows += " " + std::string(row.name);
    for (const OperandKind kind : row.kinds) {
      if (kind != OperandKind::kNone) rows += " " + std::string(kind_word(kind));
    }
    rows += "\n";
  }
  std::string_view left = rows;
  for (std::size_t at = 0; at < kFrozen.size();) {
    const std::size_t end = kFrozen.find('\n', at) + 1;
    EXPECT_NE(left.find(kFrozen.substr(at, end - at)), std::string_view::npos)
        << kFrozen.substr(at, end - at);
    at = end;
  }
}

}  // namespace
}  // namespace throwsplit::fuzz
