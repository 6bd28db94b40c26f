// If this fails, masks of carriers are misread, keep_running is unfair, or the die repeats itself.
// SPDX-License-Identifier: Apache-2.0
#include "inject/choice.h"

#include <gtest/gtest.h>

#include <set>

namespace throwsplit::inject {
namespace {

TEST(Choice, MasksAreWalkedByNumberAndAround) {
  uint64_t mask = mask_of(0) | mask_of(5) | mask_of(63);
  EXPECT_EQ(mask_count(mask), 3u);
  EXPECT_EQ(mask_nth(mask, 0), 0u);
  EXPECT_EQ(mask_nth(mask, 1), 5u);
  EXPECT_EQ(mask_nth(mask, 2), 63u);
  EXPECT_EQ(mask_next(mask, 0), 5u);
  EXPECT_EQ(mask_next(mask, 5), 63u);
  EXPECT_EQ(mask_next(mask, 63), 0u);
  EXPECT_EQ(mask_next(mask_of(3), 3), 3u);
}

Menu menu_of(uint64_t enabled, uint64_t timed, uint64_t yielded, uint32_t current, uint32_t last) {
  Menu menu{};
  menu.enabled = enabled;
  menu.timed = timed;
  menu.yielded = yielded;
  menu.current = current;
  menu.last = last;
  menu.next_timed = timed != 0 ? mask_first(timed) : kNobody;
  return menu;
}

TEST(Choice, KeepRunningGoesOnUntilItCannot) {
  EXPECT_EQ(keep_running(menu_of(0b111, 0, 0, 1, 1)), 1u);
  EXPECT_EQ(keep_running(menu_of(0b111, 0, 0b010, 1, 1)), 2u);       // it yielded
  EXPECT_EQ(keep_running(menu_of(0b101, 0, 0, kNobody, 1)), 2u);     // it blocked
  EXPECT_EQ(keep_running(menu_of(0b101, 0b1000, 0b101, 2, 2)), 3u);  // all yielded: the clock turns
  EXPECT_EQ(keep_running(menu_of(0b101, 0, 0b101, 2, 2)), 0u);       // no clock: in turn
}

TEST(Choice, WillingIsNeverEmpty) {
  EXPECT_EQ(menu_of(0b11, 0b100, 0b01, 0, 0).willing(), 0b10u);
  EXPECT_EQ(menu_of(0b11, 0b100, 0b11, 0, 0).willing(), 0b11u);
  EXPECT_EQ(menu_of(0, 0b100, 0, 0, 0).willing(), 0b100u);
}

TEST(Choice, TheDieIsAFunctionOfSeedSiteAndTurn) {
  SeededDie a, b;
  std::set<uint32_t> seen;
  for (uint64_t seed = 0; seed < 50; seed++) {
    a.seed(seed);
    b.seed(seed);
    b.pick(10, 7);  // what another site asks does not matter
    uint32_t first = a.pick(1'000'000, 3);
    EXPECT_EQ(first, b.pick(1'000'000, 3));
    EXPECT_NE(a.pick(1'000'000, 3), first);
    EXPECT_LT(a.pick(3, 9), 3u);
    EXPECT_EQ(a.pick(1, 9), 0u);
    seen.insert(first);
  }
  EXPECT_GT(seen.size(), 45u);
}

}  // namespace
}  // namespace throwsplit::inject
