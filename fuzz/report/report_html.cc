// The HTML page's content: banner, controls, the timeline as a table, and the sections below it.
// SPDX-License-Identifier: Apache-2.0
//
// The table is complete without the script; the script filters it, draws the arrows and shows what
// is known of the line that was clicked.
#include "fuzz/report/report_html.h"

#include <algorithm>
#include <cstddef>
#include <cstdint>
#include <nlohmann/json.hpp>
#include <string>
#include <string_view>
#include <vector>

namespace throwsplit::fuzz {
namespace {

using nlohmann::json;

std::string escaped(std::string_view text) {
  std::string safe;
  for (const char c : text) {
    switch (c) {
      case '&': safe += "&amp;"; break;
      case '<': safe += "&lt;"; break;
      case '>': safe += "&gt;"; break;
      case '"': safe += "&quot;"; break;
      default:  safe += c;
    }
  }
  return safe;
}

// Inside <script> nothing may close it.
std::string script_data(const json& data) {
  std::string text = data.dump();
  for (std::size_t at = text.find('<'); at != std::string::npos; at = text.find('<', at + 1))
    text.replace(at, 1, "\\u003c");
  return text;
}

std::string section(const char* id, const char* title, const std::string& text) {
  if (text.empty()) return "";
  return std::string("<details id=\"") + id + "\" open><summary>" + title + "</summary><pre>" +
         escaped(text) + "</pre></details>\n";
}

// The lines of the page: all that matter, and the newest of the others.
std::vector<std::size_t> chosen_lines(const Story& story, std::size_t* left_out) {
  std::size_t details = 0;
  for (const StoryLine& line : story.lines)
    details += line.matters ? 0 : 1;
  *left_out = details - std::min(details, kHtmlDetailMax);
  std::vector<std::size_t> chosen;
  std::size_t passed = 0;
  for (std::size_t i = 0; i < story.lines.size(); i++) {
    if (!story.lines[i].matters && passed++ < *left_out) continue;
    chosen.push_back(i);
  }
  return chosen;
}

// The last line of the carrier at which the rule broke; where it has none, the last of all.
std::size_t broken_line(const Outcome& outcome, const Story& story) {
  if (outcome.verdict != Verdict::finding || story.lines.empty()) return SIZE_MAX;
  std::size_t last = SIZE_MAX;
  std::size_t own = SIZE_MAX;
  for (std::size_t i = 0; i < story.lines.size(); i++) {
    if (story.lines[i].step > outcome.finding.step) break;
    if (!story.lines[i].matters) continue;
    last = i;
    if (story.lines[i].carrier == outcome.finding.carrier) own = i;
  }
  return own != SIZE_MAX ? own : last;
}

std::vector<bool> carriers_seen(const Story& story) {
  std::vector<bool> seen(story.agents.size());
  for (const StoryLine& line : story.lines)
    if (line.matters) seen[line.carrier] = true;
  return seen;
}

std::string table(const Story& story, const std::vector<std::size_t>& lines, std::size_t broken,
                  const std::string& broken_text) {
  const std::vector<bool> seen = carriers_seen(story);
  std::string head = "<tr><th>step</th><th>time</th>";
  for (std::size_t i = 0; i < story.agents.size(); i++) {
    head += "<th data-agent=\"" + std::to_string(i) + "\"" + (seen[i] ? "" : " class=\"detail\"") +
            ">" + escaped(story.agents[i].name) + "</th>";
  }
  std::string text = "<table id=\"timeline\"><thead>" + head + "</tr></thead><tbody>\n";
  const int64_t begin_ns = story.lines.empty() ? 0 : story.lines.front().now_ns;
  for (const std::size_t i : lines) {
    const StoryLine& line = story.lines[i];
    std::string kind = line.matters ? "line" : "line detail";
    if (i == broken) kind += " broken";
    text += "<tr class=\"" + kind + "\" data-line=\"" + std::to_string(i) + "\" data-agent=\"" +
            std::to_string(line.carrier) + "\"><td>" + std::to_string(line.step) + "</td><td>" +
            escaped(time_phrase(line.now_ns - begin_ns)) + "</td>";
    for (std::size_t agent = 0; agent < story.agents.size(); agent++) {
      const bool mine = agent == line.carrier;
      text += std::string("<td class=\"") + (mine ? "said" : "quiet") +
              (seen[agent] ? "" : " detail") + "\">";
      if (mine) {
        text += "<b class=\"who\">" + escaped(story.agents[agent].name) + "</b> <span>" +
                escaped(line.text) + "</span>";
        if (i == broken) text += "<em>" + escaped(broken_text) + "</em>";
      }
      text += "</td>";
    }
    text += "</tr>\n";
  }
  return text + "</tbody></table>\n";
}

std::string controls(const Story& story) {
  const std::vector<bool> seen = carriers_seen(story);
  std::string text =
      "<div id=\"controls\"><input id=\"filter\" type=\"search\" placeholder=\"only lines with "
      "...\" aria-label=\"only lines with these words\">"
      "<label><input id=\"all\" type=\"checkbox\"> every step</label>"
      "<label><input id=\"arrows\" type=\"checkbox\" checked> arrows</label>";
  for (std::size_t i = 0; i < story.agents.size(); i++) {
    text += "<label" + std::string(seen[i] ? "" : " class=\"detail\"") +
            "><input class=\"agent\" type=\"checkbox\" checked data-agent=\"" + std::to_string(i) +
            "\"> " + escaped(story.agents[i].name) + "</label>";
  }
  return text +
         "<button id=\"previous\">previous</button><button id=\"next\">next</button></div>\n";
}

std::string at_the_end(const Story& story) {
  std::string text;
  for (const Agent& agent : story.agents) {
    if (agent.waits == "is gone") continue;
    text += agent.name + "  " + (agent.waits.empty() ? "could go on" : agent.waits);
    if (agent.waits.empty() && !agent.doing.empty()) text += "; " + agent.doing;
    text += "\n";
  }
  return text;
}

json arrows_json(const Story& story) {
  json arrows = json::array();
  for (const Arrow& arrow : story.arrows) {
    arrows.push_back({{"from", arrow.from},
                      {"to", arrow.to},
                      {"fromAgent", story.lines[arrow.from].carrier},
                      {"toAgent", story.lines[arrow.to].carrier},
                      {"kind", arrow_name(arrow.kind)}});
  }
  return arrows;
}

}  // namespace

std::string report_html(const Outcome& outcome, const Program& program,
                        const ReportOptions& options) {
  const Story story = tell(outcome, program.input);
  std::size_t left_out = 0;
  const std::vector<std::size_t> lines = chosen_lines(story, &left_out);
  const bool found = outcome.verdict == Verdict::finding;
  const std::string first = first_line(outcome);

  std::string text = "<!doctype html>\n<html lang=\"en\"><head><meta charset=\"utf-8\">\n";
  text += "<meta name=\"viewport\" content=\"width=device-width, initial-scale=1\">\n";
  text += "<title>" + escaped(first) + "</title>\n<style>" + kPageStyle + "</style></head><body>\n";
  text += std::string("<header class=\"") + (found ? "finding" : "calm") + "\"><h1>" +
          escaped(first) + "</h1>";
  if (found) {
    const std::string who = outcome.finding.carrier < story.agents.size()
                                ? story.agents[outcome.finding.carrier].name
                                : "nobody";
    text += "<p>oracle " + escaped(outcome.finding.oracle) + ", at step " +
            std::to_string(outcome.finding.step) + ", " + escaped(who) + "</p>";
    if (outcome.end != inject::End::crashed) {
      text += "<pre id=\"facts\">" + escaped(outcome.finding.details) + "</pre>";
    }
  }
  text += "<p>" + std::to_string(outcome.steps) + " steps, " + std::to_string(outcome.carriers) +
          " threads, ended: " + escaped(inject::end_name(outcome.end)) + "</p></header>\n";
  text += controls(story);
  if (left_out != 0) {
    text += "<p id=\"left-out\">" + std::to_string(left_out) +
            " earlier single steps are not in this page.</p>\n";
  }
  text += "<main>" + table(story, lines, broken_line(outcome, story), first) +
          "<svg id=\"over\" aria-hidden=\"true\"></svg></main>\n<aside id=\"picked\"></aside>\n";
  text += section("end", "At the end", at_the_end(story));
  text += section("words", "The runtime's last words", outcome.crash_text);
  text += section("program", "Program", print(program, site_names()));
  text += section("replay", "Replay with", options.replay);
  text += "<script>const ARROWS = " + script_data(arrows_json(story)) + ";\n" + kPageScript +
          "</script></body></html>\n";
  return text;
}

}  // namespace throwsplit::fuzz
