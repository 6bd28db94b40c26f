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

std::vector<Action> choices_at(const DrawnPoint& at) {
  std::vector<Action> choices = {Action::kYield, Action::kSleep};
  if ((at.actions & kActFail) != 0) choices.push_back(Action::kFail);
  if ((at.actions & kActPreempt) != 0) choices.push_back(Action::kPreempt);
  if ((at.actions & kActStop) != 0) choices.push_back(Action::kStop);
  if ((at.actions & kActMove) != 0) choices.push_back(Action::kMove);
  return choices;
}

template <typename T>
T one_of(std::span<const T> all, Die& die, Site site) {
  return all[die.pick(static_cast<std::uint32_t>(all.size()), site)];
}

FailTerm draw_term(const DrawnPoint& at, Die& die) {
  const Site site = site_of(at.point);
  FailTerm term;
  term.number = static_cast<std::uint8_t>(at.point);
  term.action = one_of<Action>(choices_at(at), die, site);
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
#define WINDOW_POINT(camel, point, actions) \
  made.back().points.push_back({Point::point, actions_of_text(actions)});
#include "inject/window.def"
    return made;
  }();
  return rows;
}

std::vector<DrawnPoint> points_like(std::string_view pattern) {
  std::vector<DrawnPoint> points;
  for (const PointRow& row : kPoints) {
    if (is_like(row.name, pattern)) points.push_back({row.point, allowed_actions(row.point)});
  }
  return points;
}

Plan draw_plan(std::span<const DrawnPoint> points, std::uint64_t seed) {
  SeededDie die;
  die.seed(seed);
  Plan plan;
  for (const DrawnPoint& at : points) {
    if (plan.terms.size() == kPlanTermsMax) break;
    if (die.pick(kLiveOneIn, site_of(at.point)) == 0) plan.terms.push_back(draw_term(at, die));
  }
  return plan;
}

}  // namespace throwsplit::inject
