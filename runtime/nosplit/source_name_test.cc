// Broken if this fails: a rule's pattern misses the function it means, or a report misnames one.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/nosplit/source_name.h"

#include <gtest/gtest.h>

namespace throwsplit::nosplit {
namespace {

TEST(SourceName, IsThePathWithoutArguments) {
  EXPECT_EQ(source_name("_ZN10throwsplit5plain10casgstatusEPNS0_1GEjj"),
            "throwsplit::plain::casgstatus");
  EXPECT_EQ(source_name("_ZN10throwsplit5plain12_GLOBAL__N_113badcasgstatusEPNS0_1GEjj"),
            "throwsplit::plain::badcasgstatus");
  EXPECT_EQ(source_name("_ZNK10throwsplit5plain6SharedIjLNS0_5FieldE3EE4loadILNS0_5OrderE2EEEjv"),
            "throwsplit::plain::Shared::load");
  EXPECT_EQ(source_name("_Z5smalli"), "small");
  EXPECT_EQ(source_name("_ZNSt6vectorIiSaIiEE9push_backERKi"), "std::vector::push_back");
  EXPECT_EQ(source_name("_ZN7testing15AssertionResultD2Ev"),
            "testing::AssertionResult::{destructor}");
}

TEST(SourceName, OfWhatIsLocalIsNotItsFunctions) {
  EXPECT_EQ(source_name("_ZZN10throwsplit17probe_systemstackEvEN3$_08__invokeEPv"),
            "throwsplit::probe_systemstack::{local}");
}

TEST(SourceName, OfAnythingElseIsTheSymbol) {
  for (const char* symbol : {"main", "", "_Z", "_ZN", "_ZNE", "_ZN99999999999999999999x", "_ZZZZ",
                             "_ZN3fooI", "_ZNS", "_ZN1aILN"}) {
    EXPECT_FALSE(source_name(symbol).empty() && *symbol != 0) << symbol;
  }
  EXPECT_EQ(source_name("throwsplit_plain_gogo"), "throwsplit_plain_gogo");
  EXPECT_EQ(source_name("_ZN99999999999999999999x"), "_ZN99999999999999999999x");
}

TEST(SourceName, StarStandsForAnyText) {
  EXPECT_TRUE(matches("*", ""));
  EXPECT_TRUE(matches("a*c", "abbc"));
  EXPECT_TRUE(matches("a*b*c", "aXbYbZc"));
  EXPECT_TRUE(matches("throwsplit_*_gogo", "throwsplit_plain_gogo"));
  EXPECT_FALSE(matches("a*c", "abb"));
  EXPECT_FALSE(matches("", "a"));
  EXPECT_FALSE(matches("a", ""));
  EXPECT_FALSE(matches("gogo", "throwsplit_plain_gogo"));
}

}  // namespace
}  // namespace throwsplit::nosplit
