// If this fails, a report hides what happened, names a bug by its numbers, or cannot be replayed.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/report/report.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <cctype>
#include <nlohmann/json.hpp>
#include <string>

#include "runtime/gmp/moves.h"

namespace throwsplit::fuzz {
namespace {

// The minute of Go 1.26, as a recording of a runtime with that order would have it.
class Recording {
 public:
  Recording& access(uint32_t carrier, Field field, Access access, uint32_t object = 0) {
    return add(carrier, site_of(field, access), object, 0);
  }
  Recording& point(uint32_t carrier, Point point) { return add(carrier, site_of(point), 0, 0); }
  Recording& event(uint32_t carrier, Event event, uint32_t a = 0, uint32_t b = 0) {
    return add(carrier, static_cast<Site>(kEventSites + static_cast<uint16_t>(event)), a, b);
  }
  Recording& move(uint32_t carrier, MoveKind kind, uint32_t from, uint32_t to, uint32_t object) {
    return add(carrier, static_cast<Site>(kMoveSites + move_index(kind, from, to)), object, 0);
  }
  Recording& call(uint32_t carrier, uint16_t call) {
    return add(carrier, static_cast<Site>(kCallSites + call), 0, 0);
  }
  Outcome outcome;

 private:
  Recording& add(uint32_t carrier, Site site, uint32_t object, uint64_t extra) {
    step_++;
    outcome.happenings.push_back(
        {step_, static_cast<int64_t>(step_) * 50, carrier, site, object, extra});
    return *this;
  }
  uint64_t step_ = 0;
};

constexpr uint16_t kFutexSleep = 4;
constexpr uint16_t kRead = 0x100;

Outcome minute() {
  Recording tape;
  // M1 stands before its look at gcwaiting ...
  tape.event(1, Event::go_start, 2, 1)
      .access(1, Field::sched_gcwaiting, Access::load)
      .access(1, Field::g_stackguard0, Access::store, 2)
      .point(1, Point::entersyscall_start);
  // ... M0 stops the world, and sees P1 running ...
  tape.event(0, Event::stw_start, 1)
      .access(0, Field::sched_gcwaiting, Access::store)
      .access(0, Field::p_status, Access::load, 0)
      .move(0, MoveKind::p, Prunning, Pgcstop, 0)
      .event(0, Event::proc_gcstop, 0)
      .call(0, kFutexSleep);
  // ... M1 publishes too late and blocks; sysmon sleeps because a stop is on its way.
  tape.move(1, MoveKind::p, Prunning, Psyscall, 1).call(1, kRead);
  tape.access(2, Field::sched_gcwaiting, Access::load)
      .access(2, Field::sched_sysmonwait, Access::store)
      .event(2, Event::sysmon_sleep, 1);
  Outcome outcome = std::move(tape.outcome);
  outcome.verdict = Verdict::finding;
  outcome.finding = {"O3", "the world never stops", "stopwait 1\n", 15, 2};
  outcome.carriers = 3;
  outcome.m_of_carrier = {0, 1, 2};
  outcome.waits.resize(3);
  outcome.waits[0] = {inject::WaitKind::futex, true, 0, 0, 0, -1};
  outcome.waits[1] = {inject::WaitKind::call, true, 1, 0, 0, -1};
  outcome.waits[2] = {inject::WaitKind::futex, true, 2, 0, 0, -1};
  return outcome;
}

std::string text_of(const Outcome& outcome, bool all_steps = false) {
  ReportOptions options;
  options.all_steps = all_steps;
  options.width = 200;
  options.replay = shell_command("throwsplit", "replay", "a file.prog");
  return report_text(outcome, Program{}, options);
}

std::size_t at(const std::string& text, const std::string& words, std::size_t from = 0) {
  const std::size_t found = text.find(words, from);
  EXPECT_NE(found, std::string::npos) << words << "\nis not in\n" << text;
  return found;
}

TEST(Report, FirstLineIsTheRuleAndLastLineReplays) {
  const std::string text = text_of(minute());
  const std::string first = text.substr(0, text.find('\n'));
  EXPECT_EQ(first, "ASSERTION FAILED: the world never stops");
  EXPECT_TRUE(std::ranges::none_of(first, [](unsigned char c) { return std::isdigit(c) != 0; }));
  EXPECT_TRUE(text.ends_with("\nthrowsplit replay 'a file.prog'\n")) << text;
}

TEST(Report, TellsTheMinuteInOrder) {
  const std::string text = text_of(minute());
  std::size_t where = at(text, "entersyscall: reads gcwaiting = 0");
  where = at(text, "stopper: sets gcwaiting = 1", where);
  where = at(text, "stopper: P0 is stopped, 1 to go", where);
  where = at(text, "sleeps: stopnote, 1 P not stopped", where);
  where = at(text, "P1: running -> syscall", where);
  where = at(text, "is in the kernel: read", where);
  where = at(text, "reads gcwaiting = 1", where);
  where = at(text, "goes to deep sleep: the world is stopping", where);
  where = at(text, "At the end", where);
  where = at(text, "M1      is in the kernel: read; no clock ends that", where);
  at(text, "sysmon  sleeps: sysmonnote; only another agent can wake it", where);
}

TEST(Report, AllStepsTellMore) {
  EXPECT_GT(text_of(minute(), true).size(), text_of(minute()).size());
}

TEST(Report, JsonSaysTheSame) {
  const nlohmann::json report = report_json(minute(), Program{}, ReportOptions{});
  EXPECT_EQ(report["finding"]["oracle"], "O3");
  EXPECT_EQ(report["agents"][2]["name"], "sysmon");
  EXPECT_EQ(report["timeline"].back()["text"], "goes to deep sleep: the world is stopping");
}

TEST(Report, NothingRecordedIsNoTrouble) {
  Outcome outcome;
  EXPECT_TRUE(text_of(outcome).starts_with("pass\n"));
}

TEST(Names, EverySiteHasANameThatLeadsBack) {
  const SiteNames& names = site_names();
  for (const std::uint16_t site : vocabulary().sites) {
    const std::string name = names.name_of(site);
    ASSERT_NE(name, "") << site;
    EXPECT_EQ(names.number_of(name), site) << name;
    EXPECT_EQ(print_site(site, names), name);
  }
  EXPECT_GT(vocabulary().sites.size(), 100u);
}

}  // namespace
}  // namespace throwsplit::fuzz
