// `twice`: runs files twice under many schedules and demands that both runs be the same.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/explore/explore.h"
#include "fuzz/input/dice.h"
#include "fuzz/report/difference.h"
#include "fuzz/report/report.h"
#include "fuzz/run/twice.h"
#include "fuzz/tools/campaign.h"
#include "fuzz/tools/common.h"

namespace throwsplit::fuzz {
namespace {

// The first round is as written; then every strategy in turn, each with fresh seeds.
void reschedule(Schedule& schedule, std::uint64_t round, Dice& dice) {
  if (round == 0) return;
  const auto strategies = built_strategies();
  schedule = {};
  schedule.strategy = strategies[round % strategies.size()];
  schedule.seed = dice.next();
  schedule.choice_bytes.resize(64);
  for (std::uint8_t& byte : schedule.choice_bytes)
    byte = dice.byte();
  if (schedule.strategy == Strategy::kPct) schedule.choice_bytes.clear();
}

int tell(Program program, const Twice& twice, const std::string& folder) {
  const Outcome outcome = as_finding(twice.outcome, *twice.difference);
  std::string error;
  const auto path = save_finding(folder, program, outcome, &error);
  printf("ASSERTION FAILED: %s\n%s", outcome.finding.text.c_str(),
         difference_text(*twice.difference).c_str());
  if (!path) return complain(error);
  printf("%s\n", shell_command(replay_program(), "twice", *path).c_str());
  return kExitFinding;
}

}  // namespace

int command_twice(const Arguments& arguments) {
  CLI::App app(
      "Runs the files twice each and compares step by step: first as they are written, then\n"
      "under the strategies in turn, with random seeds, until --runs pairs were made.",
      "throwsplit twice");
  std::vector<std::string> paths;
  std::uint64_t runs = 0;
  std::uint64_t seed = 1;
  std::string findings = "findings";
  bool as_fuzzer = false;
  app.add_option("FILE", paths, "files, or folders of .prog files")->required();
  app.add_option("--runs", runs, "how many pairs; one a file if not said");
  app.add_option("--seed", seed, "of the schedules' dice; 1 if not said");
  app.add_option("--findings", findings, "folder for files that differ from themselves");
  app.add_flag("--as-fuzzer", as_fuzzer, "read any bytes as a fuzz target would");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  auto loaded = load_files(paths, as_fuzzer ? Reading::kAsFuzzer : Reading::kStrict);
  if (const auto* error = std::get_if<std::string>(&loaded)) return complain(*error);
  const auto& files = *std::get_if<std::vector<File>>(&loaded);
  if (files.empty()) return complain("twice: no .prog file there");
  if (runs == 0) runs = files.size();

  Dice dice(seed);
  std::uint64_t steps = 0;
  for (std::uint64_t i = 0; i < runs; i++) {
    Program program = files[i % files.size()].loaded.program;
    reschedule(program.input.schedule, i / files.size(), dice);
    const Twice twice = run_twice(program.input);
    if (twice.difference) return tell(std::move(program), twice, findings);
    steps += twice.outcome.steps;
  }
  printf("%llu runs made twice, %llu steps: no difference\n", static_cast<unsigned long long>(runs),
         static_cast<unsigned long long>(steps));
  return kExitPass;
}

}  // namespace throwsplit::fuzz
