// The report as JSON: the same facts for machines, the story line by line.
// SPDX-License-Identifier: Apache-2.0
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/report/report.h"
#include "inject/sim/sim.h"

namespace throwsplit::fuzz {
namespace {

using nlohmann::json;

json story_json(const Story& story, bool all_steps) {
  json lines = json::array();
  for (const StoryLine& line : story.lines) {
    if (!line.matters && !all_steps) continue;
    lines.push_back({{"step", line.step},
                     {"now_ns", line.now_ns},
                     {"agent", story.agents[line.carrier].name},
                     {"carrier", line.carrier},
                     {"text", line.text},
                     {"matters", line.matters}});
  }
  return lines;
}

}  // namespace

json report_json(const Outcome& outcome, const Program& program, const ReportOptions& options) {
  const Story story = tell(outcome, program.input);
  char hash[24];
  snprintf(hash, sizeof hash, "%016llx", static_cast<unsigned long long>(outcome.trace_hash));
  json report = {{"verdict", verdict_name(outcome.verdict)},
                 {"first_line", first_line(outcome)},
                 {"end", inject::end_name(outcome.end)},
                 {"trace_hash", hash},
                 {"steps", outcome.steps},
                 {"threads", outcome.carriers},
                 {"now_ns", outcome.now_ns},
                 {"program", print(program, site_names())},
                 {"timeline", story_json(story, options.all_steps)}};
  if (outcome.verdict == Verdict::finding) {
    const Finding& finding = outcome.finding;
    report["finding"] = {{"oracle", finding.oracle},
                         {"text", finding.text},
                         {"details", finding.details},
                         {"step", finding.step},
                         {"carrier", finding.carrier}};
  }
  if (!outcome.crash_text.empty()) report["last_words"] = outcome.crash_text;
  report["agents"] = json::array();
  for (const Agent& agent : story.agents) {
    report["agents"].push_back(
        {{"name", agent.name}, {"waits", agent.waits}, {"doing", agent.doing}});
  }
  if (!options.replay.empty()) report["replay"] = options.replay;
  return report;
}

}  // namespace throwsplit::fuzz
