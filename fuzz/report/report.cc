// The report as text: its sections in order.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/report/report.h"

#include <algorithm>
#include <cctype>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <string>
#include <string_view>

#include "inject/sim/sim.h"

namespace throwsplit::fuzz {
namespace {

std::string indented(std::string_view text) {
  std::string result;
  while (!text.empty()) {
    const std::size_t end = std::min(text.find('\n'), text.size());
    const std::string_view line = text.substr(0, end);
    result += line.empty() ? "\n" : "  " + std::string(line) + "\n";
    text.remove_prefix(std::min(end + 1, text.size()));
  }
  return result;
}

std::string hex(uint64_t number) {
  char text[24];
  snprintf(text, sizeof text, "%016llx", static_cast<unsigned long long>(number));
  return text;
}

std::string facts(const Outcome& outcome, const Story& story) {
  std::string text;
  if (outcome.verdict == Verdict::finding) {
    const Finding& finding = outcome.finding;
    const std::string agent =
        finding.carrier < story.agents.size() ? story.agents[finding.carrier].name : "nobody";
    text += "  oracle " + finding.oracle + ", at step " + std::to_string(finding.step) + ", " +
            agent + "\n";
    // A crash says everything in its own section.
    if (outcome.end != inject::End::crashed) text += indented(finding.details);
  }
  text += "  " + std::to_string(outcome.steps) + " steps, " + std::to_string(outcome.carriers) +
          " threads, ended: " + inject::end_name(outcome.end) + ", trace " +
          hex(outcome.trace_hash) + "\n";
  return text;
}

std::string waiting(const Story& story) {
  std::size_t width = 0;
  for (const Agent& agent : story.agents)
    width = std::max(width, agent.name.size());
  std::string text;
  for (const Agent& agent : story.agents) {
    if (agent.waits == "is gone") continue;
    std::string line = "  " + agent.name + std::string(width - agent.name.size() + 2, ' ');
    line += agent.waits.empty() ? "could go on" : agent.waits;
    if (agent.waits.empty() && !agent.doing.empty()) line += "; " + agent.doing;
    text += line + "\n";
  }
  return text.empty() ? "  nobody is left\n" : text;
}

std::string faults(const Input& input) {
  std::string text;
  for (const inject::FailTerm& term : input.plan.terms)
    text += "  " + inject::print_term(term, site_names().points) + "\n";
  return text;
}

}  // namespace

std::string first_line(const Outcome& outcome) {
  if (outcome.verdict != Verdict::finding) return verdict_name(outcome.verdict);
  return "ASSERTION FAILED: " + outcome.finding.text;
}

std::string report_text(const Outcome& outcome, const Program& program,
                        const ReportOptions& options) {
  const Story story = tell(outcome, program.input);
  std::string text = first_line(outcome) + "\n" + facts(outcome, story);
  text +=
      "\nTimeline (virtual time; an access is told where it takes effect; G0 is the harness's "
      "own,\n"
      "G1 runs body main, the others come in the order in which they are spawned)\n\n";
  text += timeline(story, {options.all_steps, options.width});
  text += "\nAt the end\n\n" + waiting(story);
  if (!program.input.plan.terms.empty()) text += "\nFaults\n\n" + faults(program.input);
  if (!outcome.crash_text.empty()) {
    text += "\nThe runtime's last words\n\n" + indented(outcome.crash_text);
  }
  text += "\nProgram\n\n" + indented(print(program, site_names()));
  if (!options.replay.empty()) text += "\nReplay with\n" + options.replay + "\n";
  return text;
}

std::string shell_command(const std::string& program, const std::string& verb,
                          const std::string& file) {
  const auto quoted = [](const std::string& word) {
    const auto is_plain = [](char c) {
      return std::isalnum(static_cast<unsigned char>(c)) != 0 ||
             std::string_view("/._-+=:,@%").find(c) != std::string_view::npos;
    };
    if (!word.empty() && std::ranges::all_of(word, is_plain)) return word;
    std::string safe = "'";
    for (const char c : word)
      safe += c == '\'' ? std::string("'\\''") : std::string(1, c);
    return safe + "'";
  };
  return quoted(program) + " " + verb + " " + quoted(file);
}

}  // namespace throwsplit::fuzz
