// `run`: programs once each as they are written, or a campaign with random schedules.
// SPDX-License-Identifier: Apache-2.0
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdint>
#include <cstdio>
#include <limits>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/explore/explore.h"
#include "fuzz/guest/guest.h"
#include "fuzz/oracle/oracle.h"
#include "fuzz/report/difference.h"
#include "fuzz/report/report.h"
#include "fuzz/run/liveness.h"
#include "fuzz/tools/campaign.h"
#include "fuzz/tools/common.h"
#include "fuzz/tools/coverage.h"
#include "inject/window.h"

namespace throwsplit::fuzz {
namespace {

struct RunFlags {
  std::vector<std::string> paths;
  std::uint64_t runs = 0;
  double budget = 0;
  std::uint64_t seed = 1;
  std::string strategy = "random";
  std::string findings = "findings";
  std::string last;
  std::vector<std::string> windows;
  std::vector<std::string> points;
  std::string without;
  bool as_written = false;
  bool mutate = false;
  bool keep_going = false;
  bool json = false;
};

std::string window_names() {
  std::string names;
  for (const inject::WindowRow& row : inject::window_rows())
    names += (names.empty() ? "" : " ") + std::string(row.name);
  return names;
}

void add_flags(CLI::App& app, RunFlags& flags) {
  app.add_option("FILE", flags.paths, "programs, or folders of .prog files");
  app.add_option("--runs", flags.runs, "a campaign of so many runs");
  app.add_option("--budget", flags.budget, "a campaign of so many seconds")
      ->check(CLI::PositiveNumber);
  app.add_option("--seed", flags.seed, "of the campaign's dice; 1 if not said");
  app.add_option("--strategy", flags.strategy, "of the campaign's schedules; `list strategies`");
  app.add_option("--findings", flags.findings, "folder for files that replay what was found");
  app.add_option("--last", flags.last, "a file for each input before it is run");
  app.add_option("--window", flags.windows, "draw faults at its points: " + window_names())
      ->allow_extra_args(false);
  app.add_option("--points", flags.points, "draw faults at the points whose names fit, `exit*`")
      ->allow_extra_args(false);
  app.add_option(
      "--without", flags.without,
      "an oracle that is to look away, LIVE or KEPT; to prove that it alone finds a bug");
  app.add_flag("--as-written", flags.as_written, "keep the programs' own rows and faults");
  app.add_flag("--mutate", flags.mutate, "change programs and fault plans too");
  app.add_flag("--keep-going", flags.keep_going, "do not stop at the first finding");
  app.add_flag("--json", flags.json, "print JSON");
}

std::variant<Strategy, std::string> strategy_of(const std::string& name) {
  std::vector<std::string> known;
  for (const StrategyRow& row : strategy_rows()) {
    if (!is_built(row.strategy)) continue;
    if (row.name == name) return row.strategy;
    known.emplace_back(row.name);
  }
  return "unknown strategy '" + name + "'" + inject::did_you_mean(name, known);
}

std::variant<std::vector<inject::DrawnPoint>, std::string> points_of(const RunFlags& flags) {
  std::vector<inject::DrawnPoint> points;
  std::vector<std::string> known;
  for (const inject::WindowRow& row : inject::window_rows())
    known.emplace_back(row.name);
  for (const std::string& name : flags.windows) {
    const auto rows = inject::window_rows();
    const auto row = std::ranges::find(rows, name, &inject::WindowRow::name);
    if (row == rows.end())
      return "unknown window '" + name + "'" + inject::did_you_mean(name, known);
    points.insert(points.end(), row->points.begin(), row->points.end());
  }
  for (const std::string& pattern : flags.points) {
    const auto fitting = inject::points_like(pattern);
    if (fitting.empty()) return "no point is like '" + pattern + "'; `points` lists them";
    points.insert(points.end(), fitting.begin(), fitting.end());
  }
  return points;
}

// Why nobody of this name can look away; empty: somebody can.
std::string not_an_oracle(const std::string& name) {
  std::vector<std::string> known = {Liveness::kOracle, kKeptRule};
  const Oracles all;
  for (const auto& oracle : all.all())
    known.emplace_back(oracle->name());
  if (name.empty() || std::ranges::find(known, name) != known.end()) return "";
  return "unknown oracle '" + name + "'" + inject::did_you_mean(name, known);
}

int run_once_each(const std::vector<File>& files, const inject::Plan& plan, bool json) {
  int code = kExitPass;
  nlohmann::json all = nlohmann::json::array();
  for (const File& file : files) {
    Input input = file.loaded.program.input;
    input.plan.terms.insert(input.plan.terms.end(), plan.terms.begin(), plan.terms.end());
    const Outcome outcome = run(folded(std::move(input)));
    if (outcome.verdict == Verdict::finding) code = kExitFinding;
    if (json) {
      all.push_back({{"file", file.path},
                     {"verdict", verdict_name(outcome.verdict)},
                     {"first_line", first_line(outcome)},
                     {"trace_hash", hex_of(outcome.trace_hash)},
                     {"steps", outcome.steps}});
    } else {
      printf("%s: %s\n", file.path.c_str(), first_line(outcome).c_str());
    }
  }
  if (json) printf("%s\n", all.dump(2).c_str());
  return code;
}

void print_progress(const CampaignResult& result) {
  fprintf(stderr, "\r%.0f s, %llu runs, %.0f runs/s, %s   ", result.seconds,
          static_cast<unsigned long long>(result.runs),
          static_cast<double>(result.runs) / result.seconds,
          reached(result.coverage).summary().c_str());
}

nlohmann::json summary_json(const CampaignResult& result, const nlohmann::json& findings) {
  const Reached rows = reached(result.coverage);
  return {{"runs", result.runs},
          {"seconds", result.seconds},
          {"steps", result.steps},
          {"inconclusive", result.inconclusive},
          {"twice", result.twice},
          {"moves", rows.moves},
          {"moves_all", rows.moves_all},
          {"points", rows.points},
          {"points_all", rows.points_all},
          {"missed", rows.missed},
          {"findings", findings},
          {"reached", result.coverage.canaries[kCanaryReached]},
          {"triggered", result.coverage.canaries[kCanaryTriggered]}};
}

// Saves a finding and tells of it. A line of JSON, or the whole report.
nlohmann::json tell_finding(const Found& found, const RunFlags& flags) {
  Program program = found.program;
  if (!found.difference) program.input = settled(program.input);
  program.title = "Found by a campaign: " + found.outcome.finding.signature();
  program.expect.clear();
  RunOptions options;
  options.record = true;
  Outcome outcome = run(program.input, options);
  if (found.difference) outcome = as_finding(std::move(outcome), *found.difference);
  std::string error;
  const auto path = save_finding(flags.findings, program, outcome, &error);
  if (!path) complain(error);
  if (!flags.json) {
    ReportOptions report;
    const char* command = found.difference ? "twice" : "replay";
    if (path) report.replay = shell_command(replay_program(), command, *path);
    if (found.difference) fputs(difference_text(*found.difference).c_str(), stdout);
    fputs(report_text(outcome, program, report).c_str(), stdout);
  }
  return {{"oracle", found.outcome.finding.oracle},
          {"text", found.outcome.finding.text},
          {"run", found.run},
          {"seconds", found.seconds},
          {"file", path.value_or("")}};
}

int run_campaign(const std::vector<File>& files, const inject::Plan& plan, const RunFlags& flags) {
  const auto strategy = strategy_of(flags.strategy);
  if (const auto* error = std::get_if<std::string>(&strategy)) return complain(*error);
  if (const std::string error = not_an_oracle(flags.without); !error.empty())
    return complain(error);
  CampaignConfig config;
  config.runs_max = flags.runs != 0 ? flags.runs : std::numeric_limits<std::uint64_t>::max();
  config.seconds_max = flags.budget;
  config.seed = flags.seed;
  config.strategy = *std::get_if<Strategy>(&strategy);
  config.strip = !flags.as_written;
  config.mutate = flags.mutate;
  config.keep_going = flags.keep_going;
  auto points = points_of(flags);
  if (const auto* error = std::get_if<std::string>(&points)) return complain(*error);
  config.points = std::move(*std::get_if<std::vector<inject::DrawnPoint>>(&points));
  config.last = flags.last;
  config.options.without = flags.without;
  std::vector<Program> programs;
  for (const File& file : files) {
    programs.push_back(file.loaded.program);
    inject::Plan& own = programs.back().input.plan;
    if (config.strip) own = {};
    own.terms.insert(own.terms.end(), plan.terms.begin(), plan.terms.end());
    if (config.strip) programs.back().input.schedule = {};
    programs.back().input = folded(std::move(programs.back().input));
  }
  config.strip = false;  // done; the plan of the environment stays
  const bool is_terminal = isatty(STDERR_FILENO) != 0 && !flags.json;
  const CampaignResult result =
      is_terminal ? campaign(programs, config, print_progress) : campaign(programs, config);
  if (is_terminal) fprintf(stderr, "\n");
  if (!flags.json) {
    printf("%llu runs in %.1f s, %.0f runs/s; %s; %llu inconclusive; %llu run twice; %zu %s\n",
           static_cast<unsigned long long>(result.runs), result.seconds,
           static_cast<double>(result.runs) / result.seconds,
           reached(result.coverage).summary().c_str(),
           static_cast<unsigned long long>(result.inconclusive),
           static_cast<unsigned long long>(result.twice), result.found.size(),
           result.found.size() == 1 ? "finding" : "findings");
  }
  nlohmann::json findings = nlohmann::json::array();
  for (const Found& found : result.found) {
    if (!flags.json) printf("\n");
    findings.push_back(tell_finding(found, flags));
  }
  if (flags.json) printf("%s\n", summary_json(result, findings).dump(2).c_str());
  return result.found.empty() ? kExitPass : kExitFinding;
}

}  // namespace

int command_run(const Arguments& arguments) {
  CLI::App app(
      "Runs files once each as written; with --runs or --budget, a campaign: the programs\n"
      "under random schedules until something is found. Without files the campaign makes\n"
      "programs up. THROWSPLIT_INJECT adds its faults to each run.",
      "throwsplit run");
  RunFlags flags;
  add_flags(app, flags);
  if (const auto code = parse_arguments(app, arguments)) return *code;
  const auto plan = plan_of_environment();
  if (const auto* error = std::get_if<std::string>(&plan)) return complain(*error);
  auto loaded = load_files(flags.paths);
  if (const auto* error = std::get_if<std::string>(&loaded)) return complain(*error);
  const auto& files = *std::get_if<std::vector<File>>(&loaded);
  const auto& terms = *std::get_if<inject::Plan>(&plan);
  if (flags.runs != 0 || flags.budget > 0) return run_campaign(files, terms, flags);
  if (!flags.windows.empty() || !flags.points.empty()) {
    return complain("run: --window and --points are for campaigns: --runs N or --budget SECONDS");
  }
  if (files.empty()) return complain("run: expected files, or --runs N, or --budget SECONDS");
  return run_once_each(files, terms, flags.json);
}

}  // namespace throwsplit::fuzz
