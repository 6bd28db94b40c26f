// The tracks of a Chrome trace: story lines, statuses, arrows and the finding.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/report/chrome_trace.h"

#include <algorithm>
#include <cstdint>
#include <map>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <vector>

#include "fuzz/report/names.h"
#include "fuzz/report/report.h"
#include "fuzz/report/story.h"
#include "runtime/gmp/moves.h"

namespace throwsplit::fuzz {
namespace {

using nlohmann::json;

enum Process : int { kThreads = 1, kProcessors = 2, kGoroutines = 3 };

// The format counts microseconds; fractions keep the nanoseconds.
double microseconds(int64_t ns) { return static_cast<double>(ns) / 1e3; }

class Tracks {
 public:
  explicit Tracks(int64_t end_ns) : end_ns_(end_ns) {}

  void name_process(Process process, const char* name) {
    add({{"ph", "M"}, {"name", "process_name"}, {"pid", process}, {"args", {{"name", name}}}});
    add({{"ph", "M"},
         {"name", "process_sort_index"},
         {"pid", process},
         {"args", {{"sort_index", static_cast<int>(process)}}}});
  }
  void name_thread(Process process, uint32_t track, const std::string& name) {
    add({{"ph", "M"},
         {"name", "thread_name"},
         {"pid", process},
         {"tid", track},
         {"args", {{"name", name}}}});
    add({{"ph", "M"},
         {"name", "thread_sort_index"},
         {"pid", process},
         {"tid", track},
         {"args", {{"sort_index", track}}}});
  }
  void slice(Process process, uint32_t track, int64_t from_ns, int64_t to_ns,
             const std::string& name, json args) {
    add({{"ph", "X"},
         {"name", name},
         {"cat", "throwsplit"},
         {"pid", process},
         {"tid", track},
         {"ts", microseconds(from_ns)},
         {"dur", microseconds(std::max<int64_t>(to_ns - from_ns, 0))},
         {"args", std::move(args)}});
  }
  void flow(const char* phase, std::size_t id, const char* name, uint32_t track, int64_t ns) {
    json event = {{"ph", phase},  {"name", name},           {"cat", name},    {"id", id},
                  {"tid", track}, {"ts", microseconds(ns)}, {"pid", kThreads}};
    if (phase[0] == 'f') event["bp"] = "e";  // ends in the slice around it, not in the next one
    add(std::move(event));
  }
  void mark(const std::string& name, uint32_t track, int64_t ns, json args) {
    add({{"ph", "i"},
         {"name", name},
         {"cat", "finding"},
         {"s", "g"},  // across all tracks
         {"pid", kThreads},
         {"tid", track},
         {"ts", microseconds(ns)},
         {"args", std::move(args)}});
  }
  int64_t end_ns() const { return end_ns_; }
  json take() { return std::move(events_); }

 private:
  void add(json event) { events_.push_back(std::move(event)); }

  json events_ = json::array();
  int64_t end_ns_;
};

void add_threads(const Story& story, Tracks& tracks) {
  tracks.name_process(kThreads, "threads (M)");
  for (uint32_t i = 0; i < story.agents.size(); i++)
    tracks.name_thread(kThreads, i, story.agents[i].name);
  std::vector<int64_t> next(story.agents.size(), tracks.end_ns());
  std::vector<int64_t> ends(story.lines.size());
  for (std::size_t i = story.lines.size(); i-- > 0;) {
    ends[i] = std::exchange(next[story.lines[i].carrier], story.lines[i].now_ns);
  }
  for (std::size_t i = 0; i < story.lines.size(); i++) {
    const StoryLine& line = story.lines[i];
    tracks.slice(kThreads, line.carrier, line.now_ns, ends[i], line.text,
                 {{"step", line.step}, {"matters", line.matters}});
  }
  for (std::size_t i = 0; i < story.arrows.size(); i++) {
    const Arrow& arrow = story.arrows[i];
    const StoryLine& from = story.lines[arrow.from];
    const StoryLine& to = story.lines[arrow.to];
    tracks.flow("s", i + 1, arrow_name(arrow.kind), from.carrier, from.now_ns);
    tracks.flow("f", i + 1, arrow_name(arrow.kind), to.carrier, to.now_ns);
  }
}

// One track an object; what it was before its first move is what that move came from.
void add_statuses(const Outcome& outcome, MoveKind kind, Process process, const char* name,
                  const char* letter, Tracks& tracks) {
  struct Since {
    const char* status;
    int64_t ns;
    uint64_t step;
  };
  std::map<uint32_t, Since> now;
  tracks.name_process(process, name);
  const auto slice = [&](uint32_t object, const Since& since, int64_t to_ns) {
    tracks.slice(process, object, since.ns, to_ns, since.status, {{"step", since.step}});
  };
  for (const Happening& happening : outcome.happenings) {
    if (happening.site < kMoveSites || uint32_t{happening.site} - kMoveSites >= kMoveCount)
      continue;
    const MoveRow& row = kMoves[happening.site - kMoveSites];
    if (row.kind != kind) continue;
    const auto at = now.find(happening.object);
    if (at == now.end()) {
      tracks.name_thread(process, happening.object, letter + std::to_string(happening.object));
      slice(happening.object, {row.from_name + 1, 0, 0}, happening.now_ns);
    } else {
      slice(happening.object, at->second, happening.now_ns);
    }
    now[happening.object] = {row.to_name + 1, happening.now_ns, happening.step};
  }
  for (const auto& [object, since] : now)
    slice(object, since, tracks.end_ns());
}

}  // namespace

json chrome_trace(const Outcome& outcome, const Program& program) {
  const Story story = tell(outcome, program.input);
  int64_t end_ns = outcome.now_ns;
  for (const Happening& happening : outcome.happenings)
    end_ns = std::max(end_ns, happening.now_ns);
  Tracks tracks(end_ns);
  add_threads(story, tracks);
  add_statuses(outcome, MoveKind::p, kProcessors, "processors (P)", "P", tracks);
  add_statuses(outcome, MoveKind::g, kGoroutines, "goroutines (G)", "G", tracks);
  if (outcome.verdict == Verdict::finding) {
    const Finding& finding = outcome.finding;
    tracks.mark(first_line(outcome), finding.carrier, end_ns,
                {{"oracle", finding.oracle}, {"step", finding.step}, {"details", finding.details}});
  }
  return {{"traceEvents", tracks.take()},
          {"displayTimeUnit", "ns"},
          {"otherData",
           {{"verdict", verdict_name(outcome.verdict)},
            {"first_line", first_line(outcome)},
            {"program", print(program, site_names())}}}};
}

}  // namespace throwsplit::fuzz
