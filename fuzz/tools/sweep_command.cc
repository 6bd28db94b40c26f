// `sweep`: makes each attempt that may fail in a program fail once, one a run.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/report/names.h"
#include "fuzz/report/report.h"
#include "fuzz/run/sweep.h"
#include "fuzz/tools/campaign.h"
#include "fuzz/tools/common.h"

namespace throwsplit::fuzz {
namespace {

constexpr std::uint32_t kVisitsMax = 1000;

int tell(Program program, const Input& failing, const std::string& folder) {
  program.input = failing;
  program.expect.clear();
  RunOptions options;
  options.record = true;
  const Outcome outcome = run(program.input, options);
  std::string error;
  const auto path = save_finding(folder, program, outcome, &error);
  if (!path) complain(error);
  ReportOptions report;
  if (path) report.replay = shell_command(replay_program(), "replay", *path);
  fputs(report_text(outcome, program, report).c_str(), stdout);
  return kExitFinding;
}

}  // namespace

int command_sweep(const Arguments& arguments) {
  CLI::App app(
      "Runs each file once for every attempt in it that may fail (a kernel fault, or an injection\n"
      "point that is an attempt), with exactly that one failing. The schedule stays as written.",
      "throwsplit sweep");
  std::vector<std::string> paths;
  std::uint32_t visits_max = kVisitsMax;
  std::string findings = "findings";
  app.add_option("FILE", paths, "files, or folders of .prog files")->required();
  app.add_option("--visits", visits_max, "of one site in one file, at most; 1000 if not said")
      ->check(CLI::PositiveNumber);
  app.add_option("--findings", findings, "folder for files that replay what was found");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  auto loaded = load_files(paths);
  if (const auto* error = std::get_if<std::string>(&loaded)) return complain(*error);

  std::uint64_t runs = 0;
  std::uint64_t cut_short = 0;
  for (const File& file : *std::get_if<std::vector<File>>(&loaded)) {
    Input failing;
    const Sweep swept = sweep(file.loaded.program.input, visits_max,
                              [&](const Input& input, const Outcome& outcome) {
                                if (outcome.verdict != Verdict::finding) return true;
                                failing = input;
                                return false;
                              });
    runs += swept.runs;
    if (!swept.whole) cut_short++;
    if (failing.plan.terms.empty()) continue;
    return tell(file.loaded.program, failing, findings);
  }
  printf("%llu runs, each with another attempt failing: nothing found",
         static_cast<unsigned long long>(runs));
  if (cut_short != 0) {
    printf(" (%llu files have more than %u visits of a site)",
           static_cast<unsigned long long>(cut_short), visits_max);
  }
  printf("\n");
  return kExitPass;
}

}  // namespace throwsplit::fuzz
