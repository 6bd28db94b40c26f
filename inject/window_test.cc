// If this fails, a window lacks its points, or the plans drawn over it ask for what is not allowed.
// SPDX-License-Identifier: Apache-2.0
#include "inject/window.h"

#include <gtest/gtest.h>

#include <set>
#include <string>
#include <vector>

#include "inject/arm.h"
#include "inject/point.h"

namespace throwsplit::inject {
namespace {

const WindowRow& window(std::string_view name) {
  for (const WindowRow& row : window_rows()) {
    if (row.name == name) return row;
  }
  ADD_FAILURE() << name;
  return window_rows()[0];
}

TEST(Window, TheThreeOfASystemCallAreThere) {
  for (const char* name : {"sysmonwait", "gcwaiting", "idle-p"}) {
    const WindowRow& row = window(name);
    EXPECT_GE(row.points.size(), 4u) << name;
    std::set<Point> points;
    std::uint64_t actions = 0;
    for (const DrawnPoint& at : row.points) {
      EXPECT_TRUE(points.insert(at.point).second) << name;
      EXPECT_EQ(at.actions & ~allowed_actions(at.point), 0u) << name;
      actions |= at.actions;
    }
    EXPECT_NE(actions, 0u) << name << ": delays alone are schedules";
  }
}

TEST(Window, PatternsName) {
  EXPECT_EQ(points_like("stack_alloc"), (std::vector<DrawnPoint>{{Point::stack_alloc, kActFail}}));
  EXPECT_EQ(points_like("exit*_running"),
            (std::vector<DrawnPoint>{{Point::exitsyscall_running, kActPreempt | kActStop}}));
  EXPECT_EQ(points_like("*"), points_like("**"));
  EXPECT_EQ(points_like("*").size(), std::size(kPoints));
  EXPECT_TRUE(points_like("").empty());
  EXPECT_TRUE(points_like("stack_allo").empty());
  EXPECT_TRUE(points_like("stack_alloc?").empty());
}

TEST(Window, EqualSeedsDrawEqualPlans) {
  const std::vector<DrawnPoint>& points = window("gcwaiting").points;
  std::set<std::string> texts;
  for (std::uint64_t seed = 0; seed < 50; seed++) {
    const Plan plan = draw_plan(points, seed);
    EXPECT_EQ(plan, draw_plan(points, seed));
    texts.insert(print_plan(plan, point_names()));
  }
  EXPECT_GT(texts.size(), 45u);
}

// Over many seeds every point of the window is asked for each of its actions and for the delays,
// and for nothing else; no other point is touched; and there are runs in which a point is not live.
TEST(Window, PlansAskForAllThatIsNamedAndNoMore) {
  for (const WindowRow& row : window_rows()) {
    std::set<std::pair<Point, Action>> asked;
    std::size_t terms = 0;
    for (std::uint64_t seed = 0; seed < 2000; seed++) {
      const Plan plan = draw_plan(row.points, seed);
      EXPECT_TRUE(is_valid(plan));
      terms += plan.terms.size();
      for (const FailTerm& term : plan.terms) {
        EXPECT_EQ(term.where, Where::kPoint);
        asked.insert({static_cast<Point>(term.number), term.action});
        if (term.action == Action::kYield || term.action == Action::kSleep) continue;
        EXPECT_NE(may_ask({&term, 1}), kActNothing) << print_term(term, point_names());
      }
    }
    std::size_t wanted = 0;
    for (const DrawnPoint& at : row.points)
      wanted += 2 + static_cast<std::size_t>(__builtin_popcountll(at.actions));
    EXPECT_EQ(asked.size(), wanted) << row.name;
    EXPECT_LT(terms, 2000 * row.points.size() / 2) << row.name;
  }
}

TEST(Window, APlanOverAllPointsFits) {
  const std::vector<DrawnPoint> all = points_like("*");
  for (std::uint64_t seed = 0; seed < 200; seed++)
    EXPECT_TRUE(is_valid(draw_plan(all, seed)));
}

}  // namespace
}  // namespace throwsplit::inject
