// If this fails, coverage says that a point did what it was merely asked for.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/deeds.h"

#include <gtest/gtest.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "fuzz/input/text.h"
#include "inject/point.h"

namespace throwsplit::fuzz {
namespace {

SiteNames names() {
  SiteNames names;
  names.number_of = [](std::string_view) -> std::optional<std::uint16_t> { return std::nullopt; };
  names.name_of = [](std::uint16_t) { return std::string(); };
  names.all = [] { return std::vector<std::string>(); };
  names.points = inject::point_names();
  return names;
}

Coverage covered(const std::string& faults, const std::string& rest = "") {
  const std::string text =
      "procs 1\nbody main\n  getpid fast\n  spin 4\n" + rest + "faults\n" + faults;
  const auto parsed = parse(text, names());
  const auto* program = std::get_if<Program>(&parsed);
  EXPECT_NE(program, nullptr) << text;
  if (program == nullptr) return {};
  const Outcome outcome = run(program->input);
  EXPECT_EQ(outcome.verdict, Verdict::pass);
  return outcome.coverage;
}

bool did(const Coverage& coverage, Point point, Deed deed) {
  const int index = index_of_point(site_of(point));
  return coverage.deeds[deed_index(static_cast<std::size_t>(index), deed)];
}

TEST(Deeds, NothingIsPerformedUnasked) {
  const Coverage coverage = covered("  park_before=off\n");
  EXPECT_TRUE(coverage.points.any());
  EXPECT_TRUE(coverage.deeds.none());
}

TEST(Deeds, ADelayIsOneByTheClock) {
  const Coverage coverage =
      covered("  entersyscall_start=nth(1)sleep(1us)\n  entersyscall_end=nth(1)yield\n");
  EXPECT_TRUE(did(coverage, Point::entersyscall_start, Deed::delay));
  EXPECT_EQ(coverage.deeds.count(), 1u);
}

TEST(Deeds, AFailureIsOne) {
  const Coverage coverage = covered("  exitsyscall_own_p=nth(1)fail\n");
  EXPECT_TRUE(did(coverage, Point::exitsyscall_own_p, Deed::fail));
  EXPECT_EQ(coverage.deeds.count(), 1u);
}

TEST(Deeds, AGoroutineIsPreemptedAndASystemStackIsNot) {
  EXPECT_TRUE(
      did(covered("  entersyscall_end=nth(1)preempt\n"), Point::entersyscall_end, Deed::preempt));
  // The first lock of a World is given back by its first thread, on its own stack.
  EXPECT_TRUE(covered("  unlock_repoison=nth(1)preempt\n").deeds.none());
}

// The stop that is asked for first is under way; the second wish finds nobody to hear it.
TEST(Deeds, AStopBelongsToThePointThatWasHeard) {
  const Coverage coverage =
      covered("  entersyscall_start=nth(1)stop\n  entersyscall_published=nth(1)stop\n");
  EXPECT_TRUE(did(coverage, Point::entersyscall_start, Deed::stop));
  EXPECT_FALSE(did(coverage, Point::entersyscall_published, Deed::stop));
}

// Heard, and refused: while the goroutine stops the world the right to do so is taken.
TEST(Deeds, AStopThatIsRefusedIsNone) {
  const Coverage coverage =
      covered("  stoptheworld_scan=nth(1)stop\n", "  stw 64\nschedule round_robin\n");
  EXPECT_TRUE(
      coverage.points[static_cast<std::size_t>(index_of_point(site_of(Point::stoptheworld_scan)))]);
  EXPECT_FALSE(did(coverage, Point::stoptheworld_scan, Deed::stop));
}

}  // namespace
}  // namespace throwsplit::fuzz
