// Broken if this fails: the last words of a dying program are garbled or cut off.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/print.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <limits>
#include <string>

namespace throwsplit {
namespace {

void append(void* context, const char* text, size_t bytes) {
  static_cast<std::string*>(context)->append(text, bytes);
}

template <typename... Parts>
std::string print(Parts... parts) {
  std::string text;
  {
    Printer out(append, &text);
    (out << ... << parts);
  }
  return text;
}

TEST(Printer, PrintsNumbersInFull) {
  EXPECT_EQ(print(0), "0");
  EXPECT_EQ(print(-1, ' ', 7u, ' ', -42L), "-1 7 -42");
  EXPECT_EQ(print(std::numeric_limits<uint64_t>::max()), "18446744073709551615");
  EXPECT_EQ(print(std::numeric_limits<int64_t>::max()), "9223372036854775807");
  EXPECT_EQ(print(std::numeric_limits<int64_t>::min()), "-9223372036854775808");
  EXPECT_EQ(print(std::numeric_limits<unsigned long long>::max()), "18446744073709551615");
  EXPECT_EQ(print(std::numeric_limits<long long>::min()), "-9223372036854775808");
}

TEST(Printer, PrintsBase16) {
  EXPECT_EQ(print(hex(uint64_t{0})), "0x0");
  EXPECT_EQ(print(hex(uint64_t{0xdeadbeef})), "0xdeadbeef");
  EXPECT_EQ(print(hex(std::numeric_limits<uint64_t>::max())), "0xffffffffffffffff");
  EXPECT_EQ(print(static_cast<const void*>(nullptr)), "0x0");
}

TEST(Printer, PrintsTextAndTruth) {
  EXPECT_EQ(print("a", 'b', true, false), "abtruefalse");
  EXPECT_EQ(print(static_cast<const char*>(nullptr)), "(nil)");
  EXPECT_EQ(print(""), "");
}

TEST(Printer, LosesNothingOfLongText) {
  for (size_t bytes : {255, 256, 257, 511, 512, 513, 5000}) {
    std::string expected;
    for (size_t i = 0; i < bytes; i++)
      expected += static_cast<char>('a' + i % 26);
    EXPECT_EQ(print(expected.c_str(), 1), expected + "1");
  }
}

TEST(Printer, HandsOverWhenAskedTo) {
  std::string text;
  Printer out(append, &text);
  out << "kept";
  EXPECT_EQ(text, "");
  out.flush();
  EXPECT_EQ(text, "kept");
  out.flush();
  EXPECT_EQ(text, "kept") << "said twice";
}

}  // namespace
}  // namespace throwsplit
