// Broken if this fails: the runtime's own last words are put down to the wrong oracle.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <string>

#include "fuzz/oracle/oracle.h"

namespace throwsplit::fuzz {
namespace {

std::string named(const std::string& text) {
  return judge_crash("fatal error: " + text + "\nsomething below\n").oracle;
}

TEST(JudgeCrash, NamesTheOracleWhoseRuleWasBroken) {
  EXPECT_EQ(named("CHECK_EQ(found_p, oldval)"), "O1");
  EXPECT_EQ(named("CHECK_EQ(found_p, uint32_t{kFrom})"), "O1");
  EXPECT_EQ(named("CHECK_EQ(found_scan, oldval)"), "O12");
  EXPECT_EQ(named("scan bit: bad incoming values"), "O12");
  EXPECT_EQ(named("CHECK_LT(nmspinning, 1u << 31)"), "O11");
  EXPECT_EQ(named("casgstatus: bad incoming values"), "O2");
  EXPECT_EQ(named("runtime: stack split at bad time"), "O7");
  EXPECT_EQ(named("all goroutines are asleep - deadlock!"), "O13");
}

TEST(JudgeCrash, LeavesTheRestToTheCheckItself) {
  EXPECT_EQ(named("CHECK_EQ(slot, 0)"), "CHECK");
  const CrashRule silent = judge_crash("");
  EXPECT_EQ(silent.oracle, std::string("CHECK"));
  EXPECT_EQ(silent.text, "the run crashed without a word");
}

TEST(JudgeCrash, KeepsTheFirstLine) {
  EXPECT_EQ(judge_crash("fatal error: CHECK_EQ(slot, 0)\nsome: detail\n").text,
            "CHECK_EQ(slot, 0)");
}

}  // namespace
}  // namespace throwsplit::fuzz
