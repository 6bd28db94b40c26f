// `stress`: the corpus on real threads, for as long as one likes.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/tools/common.h"
#include "fuzz/tools/stress.h"

namespace throwsplit::fuzz {
namespace {

void print_result(const StressResult& result, const std::string& path, const std::string& flags) {
  printf("stress: %llu runs in %.1f s, %.0f runs/s", static_cast<unsigned long long>(result.runs),
         result.seconds, static_cast<double>(result.runs) / result.seconds);
  if (result.fired != 0) {
    printf("; points fired %llu times on %llu threads",
           static_cast<unsigned long long>(result.fired),
           static_cast<unsigned long long>(result.threads));
  }
  if (result.finding.empty()) {
    printf("; no finding\n");
    return;
  }
  printf("\nASSERTION FAILED: %s\nIn %s, run %llu. Try it again, perhaps more than once, with\n",
         result.finding.c_str(), path.c_str(), static_cast<unsigned long long>(result.runs + 1));
  for (const char* name : {"THROWSPLIT_INJECT", "THROWSPLIT_INJECT_SEED"}) {
    if (const char* value = getenv(name)) printf("%s='%s' ", name, value);
  }
  printf("%s stress '%s'%s\n", replay_program().c_str(), path.c_str(), flags.c_str());
}

}  // namespace

namespace {

// What a program's own configuration may say, for all programs at once.
struct StackFlags {
  bool mapped = false;
  bool move = false;
  bool preempt = false;

  Input applied(Input input) const {
    if (mapped) input.config.flags |= kFlagMapped;
    if (move) input.config.flags |= kFlagMoveAtChecks;
    if (preempt) input.config.flags |= kFlagPreemptAtChecks;
    return input;
  }
  std::string words() const {
    return std::string(mapped ? " --mapped" : "") + (move ? " --move-at-checks" : "") +
           (preempt ? " --preempt-at-checks" : "");
  }
};

}  // namespace

int command_stress(const Arguments& arguments) {
  CLI::App app(
      "Runs programs on real threads over and over. THROWSPLIT_INJECT arms injection points.\n"
      "SIGQUIT to the child prints the state of the World. Exit 0: no finding; 1: a crash, a\n"
      "hang, wrong data, or a report of a sanitizer.",
      "throwsplit stress");
  std::vector<std::string> paths;
  StressConfig config;
  bool json = false;
  StackFlags stacks;
  app.add_option("FILE", paths, "programs, or folders of .prog files; the corpus if not said");
  app.add_option("--seconds", config.seconds, "how long; 10 if not said")
      ->check(CLI::PositiveNumber);
  app.add_option("--runs", config.runs_max, "at most so many runs");
  app.add_option("--stall", config.stall_seconds,
                 "so many seconds without the end of a run: a hang")
      ->check(CLI::PositiveNumber);
  app.add_flag("--mapped", stacks.mapped, "all goroutines of programs on mapped stacks");
  app.add_flag("--move-at-checks", stacks.move, "mapped stacks move at every check");
  app.add_flag("--preempt-at-checks", stacks.preempt, "goroutines give way at every check");
  app.add_flag("--json", json, "print JSON");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  const auto plan = plan_of_environment();
  if (const auto* error = std::get_if<std::string>(&plan)) return complain(*error);
  if (paths.empty()) paths = {find_upwards("corpus")};
  if (paths[0].empty()) return complain("stress: no corpus/ here or above; expected files");
  const auto loaded = load_files(paths);
  if (const auto* error = std::get_if<std::string>(&loaded)) return complain(*error);
  const auto& files = *std::get_if<std::vector<File>>(&loaded);
  for (const File& file : files)
    config.inputs.push_back(stacks.applied(for_real_time(file.loaded.program.input)));

  const StressResult result = stress(config);
  if (result.refused) return kExitUsage;
  const std::string& path = files[result.input].path;
  if (json) {
    const nlohmann::json told = {{"runs", result.runs},       {"seconds", result.seconds},
                                 {"threads", result.threads}, {"fired", result.fired},
                                 {"finding", result.finding}, {"file", path}};
    printf("%s\n", told.dump(2).c_str());
  } else {
    print_result(result, path, stacks.words());
  }
  return result.finding.empty() ? kExitPass : kExitFinding;
}

}  // namespace throwsplit::fuzz
