// Broken if this fails: a mistake in a rules file is taken for a fact, or its place is not told.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/nosplit/rules.h"

#include <gtest/gtest.h>

#include <string>
#include <variant>

namespace throwsplit::nosplit {
namespace {

std::string error_of(const std::string& text) {
  const auto parsed = parse_rules(text, "f");
  const auto* error = std::get_if<std::string>(&parsed);
  return error == nullptr ? "" : *error;
}

const std::string kLimit = "limit nosplit 100 -- enough\n";

TEST(Rules, OwnRulesAreRight) { EXPECT_EQ(error_of(std::string(own_rules())), ""); }

TEST(Rules, EveryWordIsRead) {
  const auto parsed = parse_rules(kLimit +
                                      "# a comment\n\n  check m %fs:0x70 -- r\nours a* -- r\n"
                                      "theirs b -- r\nroot c -- r\nroot d check -- r\nhop e -- r\n"
                                      "leaf f 10 -- r\nlast g 0x20 -- r\nmeasured h -- r\n"
                                      "foreign @sym -- r\nframe i 8 -- r\ncalls j k l -- r\n"
                                      "edge m n 16 -- r\nnoreturn o -- because of this\n",
                                  "f");
  ASSERT_TRUE(std::holds_alternative<Rules>(parsed));
  const Rules& rules = *std::get_if<Rules>(&parsed);
  EXPECT_EQ(rules.rules.size(), 15u);
  EXPECT_EQ(rules.first(Word::check)->slot, 0x70u);
  EXPECT_EQ(rules.first(Word::last)->bytes.value, 32);
  EXPECT_EQ(rules.first(Word::foreign)->bytes.symbol, "sym");
  EXPECT_EQ(rules.first(Word::calls)->targets.size(), 2u);
  EXPECT_EQ(rules.first(Word::noreturn)->reason, "because of this");
  EXPECT_EQ(rules.rules.back().line, 17u);
}

TEST(Rules, MistakesAreToldWithTheirLine) {
  EXPECT_EQ(error_of(""), "f: no line says limit nosplit");
  EXPECT_EQ(error_of(kLimit + "roof x -- r").substr(0, 24), "f:2: unknown word 'roof'");
  EXPECT_EQ(error_of(kLimit + "root x"), "f:2: a line ends with ` -- ` and a reason");
  EXPECT_EQ(error_of(kLimit + "root x -- "), "f:2: a line ends with ` -- ` and a reason");
  EXPECT_EQ(error_of(kLimit + "root -- r"), "f:2: expected `root PATTERN [LIMIT] -- reason`");
  EXPECT_EQ(error_of(kLimit + "leaf x -- r"), "f:2: expected `leaf PATTERN BYTES -- reason`");
  EXPECT_EQ(error_of(kLimit + "leaf x 1 2 -- r"), "f:2: expected `leaf PATTERN BYTES -- reason`");
  EXPECT_EQ(error_of(kLimit + "leaf x 1k -- r"),
            "f:2: '1k' does not fit into `leaf PATTERN BYTES`");
  EXPECT_EQ(error_of(kLimit + "leaf x 99999999999999999999 -- r"),
            "f:2: '99999999999999999999' does not fit into `leaf PATTERN BYTES`");
  EXPECT_EQ(error_of(kLimit + "leaf x -1 -- r"),
            "f:2: '-1' does not fit into `leaf PATTERN BYTES`");
  EXPECT_EQ(error_of(kLimit + kLimit), "f:2: limit nosplit was said before");
  EXPECT_EQ(error_of(kLimit + "limit most 1 -- r"),
            "f:2: 'most' does not fit into `limit nosplit|check|small|reserve|system BYTES`");
  EXPECT_EQ(error_of(kLimit + "check m 0x70 -- r"),
            "f:2: '0x70' does not fit into `check SYMBOL %fs:SLOT`");
  EXPECT_EQ(error_of(kLimit + " -- r").substr(0, 5), "f:2: ");
}

}  // namespace
}  // namespace throwsplit::nosplit
