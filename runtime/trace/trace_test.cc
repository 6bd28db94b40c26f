// Broken if this fails: a dump of the last events tells of other events, or in another order.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/trace/trace.h"

#include <gtest/gtest.h>

#include <memory>
#include <set>
#include <string>

namespace throwsplit {
namespace {

TEST(TraceRing, KeepsTheNewest) {
  auto ring = std::make_unique<TraceRing>();
  EXPECT_EQ(ring->count(), 0u);
  constexpr uint32_t kWritten = 3 * TraceRing::kEntries + 5;
  for (uint32_t i = 0; i < kWritten; i++)
    ring->write(i % 2 == 0 ? Event::go_park : Event::go_ready, 3, i, i + 1);
  EXPECT_EQ(ring->count(), kWritten);
  uint64_t later = ~uint64_t{0};
  for (uint32_t back = 0; back < TraceRing::kEntries; back++) {
    TraceEntry entry = ring->newest(back);
    uint32_t i = kWritten - 1 - back;
    EXPECT_EQ(entry.a, i);
    EXPECT_EQ(entry.b, i + 1);
    EXPECT_EQ(entry.m, 3u);
    EXPECT_EQ(entry.event, i % 2 == 0 ? Event::go_park : Event::go_ready);
    EXPECT_LE(entry.when, later);
    later = entry.when;
  }
}

TEST(Events, HaveNumbersAndNamesOfTheirOwn) {
  std::set<uint16_t> numbers;
  std::set<std::string> names;
  for (const EventRow& row : kEvents) {
    EXPECT_TRUE(numbers.insert(static_cast<uint16_t>(row.event)).second) << row.name;
    EXPECT_TRUE(names.insert(row.name).second) << row.name;
    EXPECT_NE(row.event, Event::none) << row.name;
    EXPECT_STRNE(row.text, "") << row.name;
    EXPECT_EQ(event_row(row.event), &row);
  }
  EXPECT_EQ(event_row(Event::none), nullptr);
}

}  // namespace
}  // namespace throwsplit
