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
    const std::vector<Point>& points = window(name).points;
    EXPECT_GE(points.size(), 4u) << name;
    EXPECT_EQ(std::set<Point>(points.begin(), points.end()).size(), points.size()) << name;
  }
}

TEST(Window, PatternsName) {
  EXPECT_EQ(points_like("stack_alloc"), std::vector<Point>{Point::stack_alloc});
  EXPECT_EQ(points_like("exit*_own_p"), std::vector<Point>{Point::exitsyscall_own_p});
  EXPECT_EQ(points_like("*"), points_like("**"));
  EXPECT_EQ(points_like("*").size(), std::size(kPoints));
  EXPECT_TRUE(points_like("").empty());
  EXPECT_TRUE(points_like("stack_allo").empty());
  EXPECT_TRUE(points_like("stack_alloc?").empty());
}

TEST(Window, EqualSeedsDrawEqualPlans) {
  const std::vector<Point>& points = window("gcwaiting").points;
  std::set<std::string> texts;
  for (std::uint64_t seed = 0; seed < 50; seed++) {
    const Plan plan = draw_plan(points, seed);
    EXPECT_EQ(plan, draw_plan(points, seed));
    texts.insert(print_plan(plan, point_names()));
  }
  EXPECT_GT(texts.size(), 45u);
}

// Over many seeds every point of the window is asked for everything that its row allows, and for
// nothing else; no other point is touched; and there are runs in which a point is not live.
TEST(Window, PlansAskForAllThatIsAllowedAndNoMore) {
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
    for (const Point point : row.points) {
      wanted += 2;  // the delays
      for (const std::uint64_t action : {kActFail, kActPreempt, kActStop})
        wanted += (allowed_actions(point) & action) != 0 ? 1 : 0;
    }
    EXPECT_EQ(asked.size(), wanted) << row.name;
    EXPECT_LT(terms, 2000 * row.points.size() / 2) << row.name;
  }
}

TEST(Window, APlanOverAllPointsFits) {
  const std::vector<Point> all = points_like("*");
  for (std::uint64_t seed = 0; seed < 200; seed++)
    EXPECT_TRUE(is_valid(draw_plan(all, seed)));
}

}  // namespace
}  // namespace throwsplit::inject
