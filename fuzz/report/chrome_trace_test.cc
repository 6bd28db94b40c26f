// If this fails, a trace does not load in Perfetto, or its tracks and arrows are not the run's.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/report/chrome_trace.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <map>
#include <nlohmann/json.hpp>
#include <set>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/input/load.h"
#include "fuzz/report/names.h"
#include "fuzz/report/report_html.h"
#include "fuzz/report/story.h"

namespace throwsplit::fuzz {
namespace {

using nlohmann::json;

struct Told {
  Program program;
  Outcome outcome;
};

Told told(const std::string& name) {
  auto loaded = load_file("corpus/syscall/" + name + ".prog", site_names());
  if (const auto* error = std::get_if<std::string>(&loaded)) {
    ADD_FAILURE() << *error;
    return {};
  }
  Told told = {std::get_if<Loaded>(&loaded)->program, {}};
  RunOptions options;
  options.record = true;
  told.outcome = run(told.program.input, options);
  return told;
}

// Programs with wakes, with hand-offs, with stops, with many goroutines.
const char* const kPrograms[] = {"0001_look_before_publish", "handoff_work", "stop_and_enter",
                                 "park_wake", "spawn_overflow"};

using Track = std::pair<int, int>;
Track track_of(const json& event) {
  return {event.at("pid").get<int>(), event.at("tid").get<int>()};
}

TEST(ChromeTrace, HasTheStructureThatViewersRead) {
  for (const char* name : kPrograms) {
    const Told run = told(name);
    const json trace = chrome_trace(run.outcome, run.program);
    ASSERT_TRUE(trace.at("traceEvents").is_array());
    std::set<Track> named, used;
    for (const json& event : trace["traceEvents"]) {
      const std::string phase = event.at("ph");
      if (phase == "M") {
        EXPECT_TRUE(event.at("args").is_object());
        if (event.at("name") == "thread_name") named.insert(track_of(event));
        continue;
      }
      EXPECT_TRUE(phase == "X" || phase == "s" || phase == "f" || phase == "i") << phase;
      EXPECT_FALSE(event.at("name").get<std::string>().empty());
      EXPECT_GE(event.at("ts").get<double>(), 0);
      if (phase == "X") {
        EXPECT_GE(event.at("dur").get<double>(), 0);
      }
      used.insert(track_of(event));
    }
    EXPECT_EQ(used, named) << name;
    std::set<int> processes;
    for (const Track& track : used)
      processes.insert(track.first);
    EXPECT_EQ(processes, (std::set<int>{1, 2, 3})) << name;
  }
}

// A P and a G are in one status at any time, from the first to the end; an M does one thing.
TEST(ChromeTrace, SlicesOfATrackFollowEachOtherWithoutGaps) {
  for (const char* name : kPrograms) {
    const Told run = told(name);
    const json trace = chrome_trace(run.outcome, run.program);
    std::map<Track, double> ends;
    for (const json& event : trace["traceEvents"]) {
      if (event["ph"] != "X") continue;
      const Track track = track_of(event);
      const double ts = event["ts"];
      const auto before = ends.find(track);
      if (before != ends.end()) {
        EXPECT_NEAR(before->second, ts, 1e-6) << name << event;
      }
      ends[track] = ts + event["dur"].get<double>();
    }
    EXPECT_GE(ends.size(), 4u);
    for (const auto& [track, end] : ends)
      EXPECT_NEAR(end, ends.begin()->second, 1e-6) << name;
  }
}

TEST(ChromeTrace, EveryArrowHasTwoEndsOnTwoThreadsForwardInTime) {
  std::map<std::string, int> kinds;
  for (const char* name : kPrograms) {
    const Told run = told(name);
    const json trace = chrome_trace(run.outcome, run.program);
    std::map<int, json> begun;
    for (const json& event : trace["traceEvents"]) {
      if (event["ph"] == "s") {
        EXPECT_TRUE(begun.emplace(event["id"].get<int>(), event).second);
      }
      if (event["ph"] != "f") continue;
      ASSERT_TRUE(begun.contains(event["id"].get<int>()));
      const json from = begun[event["id"].get<int>()];
      EXPECT_EQ(from["name"], event["name"]);
      EXPECT_NE(from["tid"], event["tid"]) << event;
      EXPECT_LE(from["ts"].get<double>(), event["ts"].get<double>());
      kinds[event["name"]]++;
      begun.erase(event["id"].get<int>());
    }
    EXPECT_TRUE(begun.empty()) << name;
  }
  EXPECT_GT(kinds["wake"], 0);
  EXPECT_GT(kinds["handoff"], 0);
  EXPECT_GT(kinds["ready"], 0);
}

TEST(ChromeTrace, MarksTheFinding) {
  Told run = told("stop_and_enter");
  run.outcome.verdict = Verdict::finding;
  run.outcome.finding = {"O3", "the world never stops", "stopwait 1\n", 3, 1};
  const json events = chrome_trace(run.outcome, run.program)["traceEvents"];
  const auto marks = std::ranges::count_if(events, [](const json& event) {
    return event["ph"] == "i" && event["name"] == "ASSERTION FAILED: the world never stops" &&
           event["args"]["oracle"] == "O3";
  });
  EXPECT_EQ(marks, 1);
}

std::size_t count_of(const std::string& text, const std::string& piece) {
  std::size_t count = 0;
  for (std::size_t at = text.find(piece); at != std::string::npos; at = text.find(piece, at + 1))
    count++;
  return count;
}

TEST(ReportHtml, IsOnePageThatAsksTheNetworkForNothing) {
  const Told run = told("stop_and_enter");
  const std::string page = report_html(run.outcome, run.program, {});
  for (const char* reach : {"src=", "href=", "@import", "url(", "fetch(", "XMLHttp", "import("})
    EXPECT_EQ(page.find(reach), std::string::npos) << reach;
  EXPECT_EQ(count_of(page, "http"), 1u);  // the name of SVG, which nobody fetches
  EXPECT_NE(page.find("<meta name=\"viewport\""), std::string::npos);
}

TEST(ReportHtml, SaysWhatTheStorySaysAndNoMoreThanItShould) {
  Told run = told("stop_and_enter");
  run.outcome.verdict = Verdict::finding;
  run.outcome.finding = {"O3", "a < b & \"c\"", "stopwait 1\n", run.outcome.steps, 0};
  run.program.title = "</script><b>";
  const std::string page = report_html(run.outcome, run.program, {});
  EXPECT_NE(page.find("<h1>ASSERTION FAILED: a &lt; b &amp; &quot;c&quot;</h1>"),
            std::string::npos);
  EXPECT_EQ(count_of(page, "</script>"), 1u);
  EXPECT_EQ(count_of(page, " broken\""), 1u);
  const Story story = tell(run.outcome, run.program.input);
  EXPECT_EQ(count_of(page, "<tr class=\"line"), story.lines.size());
  const auto matter = std::ranges::count(story.lines, true, &StoryLine::matters);
  EXPECT_EQ(count_of(page, "<tr class=\"line\"") + 1, static_cast<std::size_t>(matter));
}

TEST(ReportHtml, MarksALineOfWhoBrokeTheRule) {
  Told run = told("stop_and_enter");
  run.outcome.verdict = Verdict::finding;
  const Story story = tell(run.outcome, run.program.input);
  for (const uint32_t carrier : {0u, 1u}) {
    std::size_t last = SIZE_MAX;
    for (std::size_t i = 0; i < story.lines.size(); i++)
      if (story.lines[i].matters && story.lines[i].carrier == carrier) last = i;
    ASSERT_NE(last, SIZE_MAX) << carrier;
    run.outcome.finding = {"O3", "it broke", "", run.outcome.steps, carrier};
    const std::string page = report_html(run.outcome, run.program, {});
    EXPECT_EQ(count_of(page, " broken\" data-line=\"" + std::to_string(last) + "\" data-agent=\"" +
                                 std::to_string(carrier) + "\""),
              1u);
  }
}

}  // namespace
}  // namespace throwsplit::fuzz
