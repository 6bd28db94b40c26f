// Broken if this fails: a broken promise goes unnoticed, or dies without saying which.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include "runtime/base/check.h"

#include <gtest/gtest.h>

#include "runtime/base/throw.h"

namespace throwsplit {
namespace {

TEST(Check, PassesWhatHolds) {
  int evaluated = 0;
  auto once = [&evaluated] { return ++evaluated; };
  CHECK(once() == 1);
  CHECK_EQ(once(), 2);
  CHECK_NE(once(), 2);
  CHECK_LT(once(), 5);
  CHECK_LE(once(), 5);
  CHECK_GT(once(), 5);
  CHECK_GE(once(), 7);
  EXPECT_EQ(evaluated, 7) << "a condition was not evaluated once";
  int* pointer = &evaluated;
  CHECK_NE(pointer, nullptr);
}

class CheckDeathTest : public testing::Test {
 protected:
  void SetUp() override { GTEST_FLAG_SET(death_test_style, "threadsafe"); }
};

// The macros end in a list with commas, which EXPECT_DEATH would take for arguments of its own.
void equal(int a, int b) { CHECK_EQ(a, b); }
void different(int a, int b) { CHECK_NE(a, b); }
void less(int a, int b) { CHECK_LT(a, b); }
void at_most(int a, int b) { CHECK_LE(a, b); }
void greater(int a, int b) { CHECK_GT(a, b); }
void at_least(int a, int b) { CHECK_GE(a, b); }
void holds(bool condition) { CHECK(condition); }
void with_details() {
  ThrowDetail details[] = {{"bytes", 255}, {"count", 1}};
  throw_details("all is lost", details, 2);
}

TEST_F(CheckDeathTest, SaysBothSidesAndTheCondition) {
  EXPECT_DEATH(equal(4, 5),
               "left = 4 \\(0x4\\)\nright = 5 \\(0x5\\)\n.*check_test.cc\n"
               "fatal error: CHECK_EQ\\(a, b\\)");
  EXPECT_DEATH(different(4, 4), "fatal error: CHECK_NE\\(a, b\\)");
  EXPECT_DEATH(less(4, 4), "fatal error: CHECK_LT\\(a, b\\)");
  EXPECT_DEATH(at_most(4, 3), "fatal error: CHECK_LE\\(a, b\\)");
  EXPECT_DEATH(greater(4, 4), "fatal error: CHECK_GT\\(a, b\\)");
  EXPECT_DEATH(at_least(4, 5), "fatal error: CHECK_GE\\(a, b\\)");
  EXPECT_DEATH(holds(false), "fatal error: CHECK\\(condition\\)");
}

TEST_F(CheckDeathTest, ThrowPrintsItsDetailsFirst) {
  EXPECT_DEATH(throw_("all is lost"), "^fatal error: all is lost\n");
  EXPECT_DEATH(with_details(),
               "^bytes = 255 \\(0xff\\)\ncount = 1 \\(0x1\\)\nfatal error: all is lost\n");
}

}  // namespace
}  // namespace throwsplit
