// If this fails, an engine is blind to what one range of the extra counters is there to show.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <algorithm>
#include <cstddef>
#include <set>
#include <string>
#include <string_view>
#include <variant>

#include "fuzz/input/text.h"
#include "fuzz/report/names.h"
#include "fuzz/targets/targets.h"

namespace throwsplit::fuzz {
namespace {

constexpr Metric kMetrics[] = {Metric::moves,    Metric::points,     Metric::deeds,   Metric::wakes,
                               Metric::handoffs, Metric::operations, Metric::switches};

using Lit = std::set<std::size_t>;

void run_text(std::string_view text) {
  for (const Metric metric : kMetrics)
    std::ranges::fill(counters_of(metric), std::uint8_t{0});
  const auto parsed = parse(text, site_names());
  ASSERT_TRUE(std::holds_alternative<Program>(parsed)) << text;
  EXPECT_EQ(run_counted(std::get_if<Program>(&parsed)->input).verdict, Verdict::pass);
}

Lit lit(Metric metric) {
  Lit result;
  const auto range = counters_of(metric);
  for (std::size_t i = 0; i < range.size(); i++) {
    if (range[i] != 0) result.insert(i);
  }
  return result;
}

// What of this range the one text lights and the other does not.
Lit only(Metric metric, std::string_view one, std::string_view other) {
  run_text(other);
  const Lit without = lit(metric);
  run_text(one);
  Lit result = lit(metric);
  for (const std::size_t i : without)
    result.erase(i);
  return result;
}

TEST(Counters, RangesAreApart) {
  const std::uint8_t* end = nullptr;
  std::size_t bytes = 0;
  for (const Metric metric : kMetrics) {
    const auto range = counters_of(metric);
    if (end != nullptr) {
      EXPECT_EQ(range.data(), end);
    }
    end = range.data() + range.size();
    bytes += range.size();
  }
  EXPECT_GE(bytes, 8u * 1024);
  EXPECT_LE(bytes, 16u * 1024);
}

TEST(Counters, MovesTellACallFromASpin) {
  EXPECT_FALSE(only(Metric::moves, "body main\n  getpid fast\n", "body main\n  spin 4\n").empty());
}

TEST(Counters, PointsTellACallFromASpin) {
  EXPECT_FALSE(only(Metric::points, "body main\n  getpid fast\n", "body main\n  spin 4\n").empty());
}

// The same visit of the same point: once nothing, once one action, once another.
TEST(Counters, DeedsTellWhatAPointWasAskedFor) {
  const std::string calm = "body main\n  getpid fast\n  spin 4\n";
  const std::string slow = calm + "faults\n  entersyscall_end=nth(1)sleep(1us)\n";
  const std::string asked = calm + "faults\n  entersyscall_end=nth(1)preempt\n";
  run_text(calm);
  EXPECT_EQ(lit(Metric::deeds), Lit());
  const std::size_t point = 9;  // the row of entersyscall_end
  ASSERT_EQ(std::string_view(kPoints[point].name), "entersyscall_end");
  run_text(slow);
  EXPECT_EQ(lit(Metric::deeds), Lit{deed_index(point, Deed::delay)});
  run_text(asked);
  EXPECT_EQ(lit(Metric::deeds), Lit{deed_index(point, Deed::preempt)});
}

// Who is woken is woken in both: by another goroutine, or by the guest's root.
TEST(Counters, WakesTellWhoWoke) {
  constexpr std::string_view kByMain =
      "procs 1\nbody main\n  spawn waiter\n  yield\n  wake g1\nbody waiter\n  park\n";
  constexpr std::string_view kByRoot =
      "procs 1\nbody main\n  spawn waiter\n  yield\n  spin 1\nbody waiter\n  park\n";
  EXPECT_FALSE(only(Metric::wakes, kByMain, kByRoot).empty());
  EXPECT_FALSE(only(Metric::wakes, kByRoot, kByMain).empty());
}

TEST(Counters, HandoffsTellHowAPIsLeft) {
  constexpr std::string_view kGiven = "procs 1\nbody main\n  getpid block\n";
  constexpr std::string_view kKept = "procs 1\nbody main\n  getpid fast\n";
  EXPECT_FALSE(only(Metric::handoffs, kGiven, kKept).empty());
  EXPECT_FALSE(only(Metric::handoffs, kKept, kGiven).empty());
}

// The same steps in the same order; what differs is which operation they belong to.
TEST(Counters, OperationsTellWhatOthersDo) {
  constexpr std::string_view kSpins =
      "body main\n  spawn other\n  hog 30\nbody other\n  spin 20\nschedule round_robin\n";
  constexpr std::string_view kHogs =
      "body main\n  spawn other\n  hog 30\nbody other\n  hog 20\nschedule round_robin\n";
  EXPECT_FALSE(only(Metric::operations, kSpins, kHogs).empty());
  EXPECT_FALSE(only(Metric::operations, kHogs, kSpins).empty());
  // Which code runs is the same, so edges of code cannot tell.
  EXPECT_EQ(only(Metric::moves, kSpins, kHogs), Lit());
  EXPECT_EQ(only(Metric::points, kSpins, kHogs), Lit());
}

TEST(Counters, SwitchesTellOneScheduleFromAnother) {
  const std::string program = "body main\n  spawn other\n  hog 30\nbody other\n  hog 20\n";
  EXPECT_FALSE(only(Metric::switches, program + "schedule round_robin\n", program).empty());
}

// By sums of hashes: a metric that every run fills would tell nothing.
TEST(Counters, OneRunFillsLittleOfEachRange) {
  run_text(
      "body main\n  spawn other\n  getpid block\n  hog 30\nbody other\n  getpid fast\n"
      "schedule random seed 4\n");
  for (const Metric metric :
       {Metric::wakes, Metric::handoffs, Metric::operations, Metric::switches}) {
    EXPECT_GT(lit(metric).size(), 2u);
    EXPECT_LT(lit(metric).size(), counters_of(metric).size() / 8);
  }
}

}  // namespace
}  // namespace throwsplit::fuzz
