// Fault plans drawn at random over a set of points: a window that a campaign switches on.
// SPDX-License-Identifier: Apache-2.0
#include "inject/window.h"

#include <cstddef>
#include <cstdint>
#include <iterator>
#include <span>
#include <string_view>
#include <vector>

#include "inject/arm.h"

namespace throwsplit::inject {
namespace {

// One point in so many is live in a run.
constexpr std::uint32_t kLiveOneIn = 3;
// How often a live point fires, as parts per million.
constexpr std::uint32_t kRatesPpm[] = {kPpmMax, kPpmMax / 4, kPpmMax / 20};
// The last visit that an nth term names: programs of a campaign come by a point a few times.
constexpr std::uint32_t kNthMax = 8;
// From less than one step of the simulator to more than a slice.
constexpr std::uint64_t kDelaysNs[] = {20, 500, 5'000, 100'000};

std::vector<Action> actions_at(Point point) {
  std::vector<Action> actions = {Action::kYield, Action::kSleep};
  const std::uint64_t allowed = allowed_actions(point);
  if ((allowed & kActFail) != 0) actions.push_back(Action::kFail);
  if ((allowed & kActPreempt) != 0) actions.push_back(Action::kPreempt);
  if ((allowed & kActStop) != 0) actions.push_back(Action::kStop);
  return actions;
}

template <typename T>
T one_of(std::span<const T> all, Die& die, Site site) {
  return all[die.pick(static_cast<std::uint32_t>(all.size()), site)];
}

FailTerm draw_term(Point point, Die& die) {
  const Site site = site_of(point);
  FailTerm term;
  term.number = static_cast<std::uint8_t>(point);
  term.action = one_of<Action>(actions_at(point), die, site);
  if (term.action == Action::kSleep) term.argument = one_of<std::uint64_t>(kDelaysNs, die, site);
  const std::uint32_t rate = die.pick(std::size(kRatesPpm) + 1, site);
  if (rate < std::size(kRatesPpm)) {
    term.probability_ppm = kRatesPpm[rate];
  } else {
    term.trigger = Trigger::kNth;
    term.trigger_n = 1 + die.pick(kNthMax, site);
  }
  return term;
}

bool is_like(std::string_view name, std::string_view pattern) {
  if (pattern.empty()) return name.empty();
  if (pattern[0] != '*') {
    return !name.empty() && name[0] == pattern[0] && is_like(name.substr(1), pattern.substr(1));
  }
  for (std::size_t skipped = 0; skipped <= name.size(); skipped++) {
    if (is_like(name.substr(skipped), pattern.substr(1))) return true;
  }
  return false;
}

}  // namespace

std::span<const WindowRow> window_rows() {
  static const std::vector<WindowRow> rows = [] {
    std::vector<WindowRow> made;
#define WINDOW(camel, name, doc) made.push_back({name, doc, {}});
#define WINDOW_POINT(camel, point) made.back().points.push_back(Point::point);
#include "inject/window.def"
    return made;
  }();
  return rows;
}

std::vector<Point> points_like(std::string_view pattern) {
  std::vector<Point> points;
  for (const PointRow& row : kPoints) {
    if (is_like(row.name, pattern)) points.push_back(row.point);
  }
  return points;
}

Plan draw_plan(std::span<const Point> points, std::uint64_t seed) {
  SeededDie die;
  die.seed(seed);
  Plan plan;
  for (const Point point : points) {
    if (plan.terms.size() == kPlanTermsMax) break;
    if (die.pick(kLiveOneIn, site_of(point)) == 0) plan.terms.push_back(draw_term(point, die));
  }
  return plan;
}

}  // namespace throwsplit::inject
