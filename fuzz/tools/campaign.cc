// A campaign: programs run under many schedules until something is found or the budget is spent.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/tools/campaign.h"

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <cstddef>
#include <cstdint>
#include <cstdio>
#include <cstring>
#include <filesystem>
#include <functional>
#include <optional>
#include <string>
#include <system_error>
#include <utility>
#include <vector>

#include "fuzz/explore/pct.h"
#include "fuzz/input/dice.h"
#include "fuzz/input/mutate.h"
#include "fuzz/report/names.h"
#include "fuzz/tools/common.h"

namespace throwsplit::fuzz {
namespace {

using Clock = std::chrono::steady_clock;

constexpr double kProgressSeconds = 0.25;
constexpr int kMadeUpMutations = 24;

double seconds_since(Clock::time_point begin) {
  return std::chrono::duration<double>(Clock::now() - begin).count();
}

// How long a program is until a run has told: contested steps.
constexpr std::uint64_t kContestsGuess = 256;

// The input of one run: a program, perhaps changed, under a schedule of its own. `contests`: what
// an earlier run of the program had.
Input input_of(const std::vector<Program>& programs, const CampaignConfig& config, Dice& dice,
               std::uint64_t run, std::uint64_t contests) {
  Input input;
  if (programs.empty()) {
    for (int i = 0; i < kMadeUpMutations; i++)
      input = mutate(std::move(input), dice.next(), vocabulary());
  } else {
    input = programs[run % programs.size()].input;
  }
  if (config.strip) {
    input.plan = {};
    input.schedule = {};
  }
  if (config.mutate) {
    for (std::uint64_t i = dice.below(4); i > 0; i--)
      input = mutate(std::move(input), dice.next(), vocabulary());
  }
  if (!config.points.empty()) {
    const inject::Plan drawn = inject::draw_plan(config.points, dice.next());
    input.plan.terms.insert(input.plan.terms.end(), drawn.terms.begin(), drawn.terms.end());
    input.plan = inject::folded(std::move(input.plan));
  }
  input.schedule.strategy = config.strategy;
  input.schedule.seed = dice.next();
  if (config.strategy == Strategy::kBytes) {
    input.schedule.choice_bytes.resize(256);
    for (std::uint8_t& byte : input.schedule.choice_bytes)
      byte = dice.byte();
  }
  if (config.strategy == Strategy::kPct) {
    input.schedule.choice_bytes = draw_change_points(contests, dice);
  }
  return input;
}

// One run in kTwiceEvery is two, and a difference between them is what was found.
Twice run_or_twice(const Input& input, const RunOptions& options, std::uint64_t number,
                   CampaignResult& result) {
  if (number % kTwiceEvery != 0) return {run(input, options), std::nullopt};
  result.twice++;
  Twice twice = run_twice(input, options);
  if (twice.difference) twice.outcome = as_finding(std::move(twice.outcome), *twice.difference);
  return twice;
}

void write_last(const std::string& path, const Input& input, std::uint64_t run) {
  Program program;
  program.title = "In run " + std::to_string(run) + " of a campaign this ended the process.";
  program.input = input;
  const std::string text = print(program, site_names());
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return;
  std::fwrite(text.data(), 1, text.size(), file);
  std::fclose(file);
}

bool still_finds(const Input& input, const std::string& signature) {
  const Outcome outcome = run(input);
  return outcome.verdict == Verdict::finding && outcome.finding.signature() == signature;
}

// Drops rows, in ever smaller pieces, as long as the same thing is found; the dice's seed likewise.
Input with_fewer_rows(Input input, const std::string& signature) {
  using Rows = std::vector<ScheduleRow>;
  for (std::size_t piece = input.schedule.rows.size(); piece > 0;) {
    bool dropped = false;
    for (std::size_t at = 0; at < input.schedule.rows.size();) {
      const Rows& rows = input.schedule.rows;
      const auto begin = rows.begin() + static_cast<std::ptrdiff_t>(at);
      const std::size_t end = std::min(at + piece, rows.size());
      Input less = input;
      less.schedule.rows = Rows(rows.begin(), begin);
      less.schedule.rows.insert(less.schedule.rows.end(),
                                rows.begin() + static_cast<std::ptrdiff_t>(end), rows.end());
      if (still_finds(less, signature)) {
        input = std::move(less);
        dropped = true;
      } else {
        at += piece;
      }
    }
    if (!dropped || piece > 1) piece /= 2;
  }
  Input calm = input;
  calm.schedule.seed = 0;
  return still_finds(calm, signature) ? calm : input;
}

bool is_known(const CampaignResult& result, const Outcome& outcome) {
  return std::ranges::any_of(result.found, [&](const Found& found) {
    return found.outcome.finding.signature() == outcome.finding.signature();
  });
}

}  // namespace

CampaignResult campaign(const std::vector<Program>& programs, const CampaignConfig& config,
                        const std::function<void(const CampaignResult&)>& progress) {
  const Clock::time_point begin = Clock::now();
  CampaignResult result;
  Dice dice(config.seed);
  double told = 0;
  std::vector<std::uint64_t> contests(std::max<std::size_t>(programs.size(), 1), kContestsGuess);
  for (std::uint64_t i = 0; i < config.runs_max; i++) {
    std::uint64_t& length = contests[i % contests.size()];
    Input input = input_of(programs, config, dice, i, length);
    if (!config.last.empty()) write_last(config.last, input, i + 1);
    Twice twice = run_or_twice(input, config.options, i, result);
    Outcome& outcome = twice.outcome;
    length = outcome.contests;
    result.runs++;
    result.steps += outcome.steps;
    result.coverage.merge(outcome.coverage);
    result.seconds = seconds_since(begin);
    if (outcome.verdict == Verdict::inconclusive) result.inconclusive++;
    if (outcome.verdict == Verdict::finding && !is_known(result, outcome)) {
      Program program;
      if (!programs.empty() && !config.mutate) program = programs[i % programs.size()];
      program.input = std::move(input);
      result.found.push_back({std::move(program), std::move(outcome), std::move(twice.difference),
                              i + 1, result.seconds});
      if (!config.keep_going) break;
    }
    if (progress && result.seconds - told >= kProgressSeconds) {
      told = result.seconds;
      progress(result);
    }
    if (config.seconds_max > 0 && result.seconds >= config.seconds_max) break;
  }
  return result;
}

Input settled(const Input& input) {
  RunOptions options;
  options.record_switches = true;
  const Outcome first = run(input, options);
  if (first.switches.size() > kRowsMax) return input;
  Input rows = input;
  rows.schedule.rows = first.switches;
  rows.schedule.strategy = Strategy::kKeep;
  rows.schedule.choice_bytes.clear();
  const Outcome again = run(rows);
  const bool same = again.trace_hash == first.trace_hash && again.verdict == first.verdict &&
                    again.finding.signature() == first.finding.signature();
  return same ? with_fewer_rows(std::move(rows), first.finding.signature()) : input;
}

std::optional<std::string> save_finding(const std::string& folder, const Program& program,
                                        const Outcome& outcome, std::string* error) {
  std::error_code code;
  std::filesystem::create_directories(folder, code);
  const std::string path =
      folder + "/" + outcome.finding.oracle + "-" + hex_of(outcome.trace_hash) + ".prog";
  std::FILE* file = code ? nullptr : std::fopen(path.c_str(), "wb");
  if (file == nullptr) {
    *error = path + ": cannot be written: " + (code ? code.message() : std::strerror(errno));
    return std::nullopt;
  }
  const std::string text = print(program, site_names());
  bool written = std::fwrite(text.data(), 1, text.size(), file) == text.size();
  written = std::fclose(file) == 0 && written;
  if (written) return path;
  *error = path + ": cannot be written";
  return std::nullopt;
}

}  // namespace throwsplit::fuzz
