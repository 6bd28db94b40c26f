// If this fails, an armed plan fires at the wrong visits, or asks a point for what its row forbids.
// SPDX-License-Identifier: Apache-2.0
#include "inject/arm.h"

#include <gtest/gtest.h>

#include <string>
#include <vector>

namespace throwsplit::inject {
namespace {

class FixedDie : public Die {
 public:
  explicit FixedDie(uint32_t value) : value_(value) {}
  uint32_t pick(uint32_t n, Site) override {
    throws++;
    return value_ % n;
  }
  int throws = 0;

 private:
  uint32_t value_;
};

FailTerm at(Point point, Action action) {
  FailTerm term;
  term.number = static_cast<uint8_t>(point);
  term.action = action;
  return term;
}

// Which of the first 20 visits of the point do something.
std::string visits(std::vector<FailTerm> terms, Point point, uint32_t face = 0) {
  Arm arm;
  arm.arm(terms);
  FixedDie die(face);
  std::string text;
  for (int i = 0; i < 20; i++)
    text += arm.visit(point, die).quiet() ? '.' : 'x';
  return text;
}

constexpr Point kAttempt = Point::stack_alloc;
constexpr Point kWindow = Point::entersyscall_start;

TEST(Arm, NothingArmedIsQuiet) {
  EXPECT_EQ(visits({}, kAttempt), std::string(20, '.'));
  EXPECT_EQ(visits({at(kWindow, Action::kPreempt)}, kAttempt), std::string(20, '.'));
  EXPECT_EQ(visits({at(kAttempt, Action::kOff)}, kAttempt), std::string(20, '.'));
}

TEST(Arm, TriggersCountVisits) {
  FailTerm term = at(kAttempt, Action::kFail);
  EXPECT_EQ(visits({term}, kAttempt), std::string(20, 'x'));
  term.trigger = Trigger::kNth;
  term.trigger_n = 3;
  EXPECT_EQ(visits({term}, kAttempt), "..x.................");
  term.trigger = Trigger::kEvery;
  EXPECT_EQ(visits({term}, kAttempt), "..x..x..x..x..x..x..");
  term.count_max = 2;
  EXPECT_EQ(visits({term}, kAttempt), "..x..x..............");
}

TEST(Arm, TheDieDecidesAndIsThrownOnlyAtATrigger) {
  FailTerm term = at(kAttempt, Action::kFail);
  term.probability_ppm = 1000;
  EXPECT_EQ(visits({term}, kAttempt, 999), std::string(20, 'x'));
  EXPECT_EQ(visits({term}, kAttempt, 1000), std::string(20, '.'));
  term.trigger = Trigger::kNth;
  term.trigger_n = 2;
  Arm arm;
  std::vector<FailTerm> terms = {term};
  arm.arm(terms);
  FixedDie die(0);
  for (int i = 0; i < 5; i++)
    arm.visit(kAttempt, die);
  EXPECT_EQ(die.throws, 1);
}

TEST(Arm, TheFirstTermThatFiresDecidesAndAllCount) {
  FailTerm third = at(kWindow, Action::kYield);
  third.trigger = Trigger::kNth;
  third.trigger_n = 3;
  FailTerm sleep = at(kWindow, Action::kSleep);
  sleep.argument = 50;
  std::vector<FailTerm> terms = {third, sleep};
  Arm arm;
  arm.arm(terms);
  FixedDie die(0);
  for (int visit = 1; visit <= 4; visit++) {
    Verdict verdict = arm.visit(kWindow, die);
    EXPECT_EQ(verdict.yield, visit == 3) << visit;
    EXPECT_EQ(verdict.sleep_ns, visit == 3 ? 0 : 50) << visit;
  }
}

TEST(Arm, ARowForbidsWhatItDoesNotName) {
  Arm arm;
  std::vector<FailTerm> terms = {at(kAttempt, Action::kPreempt), at(kWindow, Action::kFail),
                                 at(Point::exitsyscall_own_p, Action::kFail),
                                 at(Point::exitsyscall_start, Action::kPreempt)};
  arm.arm(terms);
  FixedDie die(0);
  EXPECT_TRUE(arm.visit(kAttempt, die).quiet());
  EXPECT_TRUE(arm.visit(kWindow, die).quiet());
  EXPECT_EQ(arm.visit(Point::exitsyscall_own_p, die).actions, kActFail);
  EXPECT_EQ(arm.visit(Point::exitsyscall_start, die).actions, kActPreempt);
}

TEST(Arm, FaultsAndPointsOfOneNumberAreTwoPlaces) {
  FailTerm term;
  term.where = Where::kKernel;
  term.number = static_cast<uint8_t>(Fault::kSyscallShort);
  term.action = Action::kShort;
  term.argument = 7;
  std::vector<FailTerm> terms = {term};
  Arm arm;
  arm.arm(terms);
  FixedDie die(0);
  EXPECT_TRUE(arm.visit(static_cast<Point>(term.number), die).quiet());
  EXPECT_EQ(arm.visit(Fault::kSyscallEintr, die), nullptr);
  ASSERT_NE(arm.visit(Fault::kSyscallShort, die), nullptr);
}

TEST(Arm, ArmingAgainForgetsTheLastRun) {
  FailTerm term = at(kAttempt, Action::kFail);
  term.count_max = 1;
  std::vector<FailTerm> terms = {term};
  Arm arm;
  FixedDie die(0);
  for (int run = 0; run < 3; run++) {
    arm.arm(terms);
    EXPECT_FALSE(arm.visit(kAttempt, die).quiet());
    EXPECT_TRUE(arm.visit(kAttempt, die).quiet());
  }
  arm.disarm();
  EXPECT_FALSE(arm.armed());
}

}  // namespace
}  // namespace throwsplit::inject
