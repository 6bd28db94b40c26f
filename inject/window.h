// Fault plans drawn at random over a set of points: a window that a campaign switches on.
// SPDX-License-Identifier: Apache-2.0
//
// Two dice for each point, after FoundationDB: one says whether the point is live in this run, the
// other, at each visit, whether it fires now. Why two: with one, every run meets a little of
// everything, and no run meets much of one thing.
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "inject/plan.h"
#include "runtime/hook/points.h"

namespace throwsplit::inject {

// A point, and what may be drawn for it beside a delay: bits of throwsplit::Action.
struct DrawnPoint {
  Point point;
  std::uint64_t actions;

  bool operator==(const DrawnPoint&) const = default;
};

struct WindowRow {
  std::string_view name;
  std::string_view doc;
  std::vector<DrawnPoint> points;
};
std::span<const WindowRow> window_rows();

// The points whose names fit a pattern, in which `*` stands for any letters, with all that their
// rows allow; in the order of points.def.
std::vector<DrawnPoint> points_like(std::string_view pattern);

// The plan of one run: for each live point one term, with one of its actions or a delay. Equal
// points and seeds give equal plans. Leaves: a valid plan.
Plan draw_plan(std::span<const DrawnPoint> points, std::uint64_t seed);

}  // namespace throwsplit::inject
