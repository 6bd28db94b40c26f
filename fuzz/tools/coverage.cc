// `coverage`: which rows of moves.def and points.def the files reach, and what the points did.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/tools/coverage.h"

#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/tools/common.h"
#include "inject/arm.h"
#include "runtime/gmp/moves.h"
#include "runtime/hook/points.h"

namespace throwsplit::fuzz {
namespace {

std::string move_name(const MoveRow& row) {
  return std::string("move ") + (row.kind == MoveKind::g ? "g" : "p") +
         std::to_string(static_cast<int>(row.number)) + " (" + row.from_name + " -> " +
         row.to_name + ")";
}

bool allows(const PointRow& row, Deed deed) {
  const uint64_t actions = inject::allowed_actions(row.point);
  switch (deed) {
    case Deed::delay:   return true;
    case Deed::fail:    return (actions & kActFail) != 0;
    case Deed::preempt: return (actions & kActPreempt) != 0;
    case Deed::stop:    return (actions & kActStop) != 0;
    case Deed::move:    return (actions & kActMove) != 0;
  }
  return false;
}

void reached_deeds(const Coverage& coverage, std::size_t point, Reached& result) {
  for (std::size_t i = 0; i < kDeeds; i++) {
    const auto deed = static_cast<Deed>(i);
    if (!allows(kPoints[point], deed)) continue;
    result.deeds_all++;
    if (coverage.deeds[deed_index(point, deed)]) {
      result.deeds++;
    } else {
      result.missed.push_back(std::string(kDeedNames[i]) + " at " + kPoints[point].name);
    }
  }
}

}  // namespace

Reached reached(const Coverage& coverage) {
  Reached result;
  for (std::size_t i = 0; i < kMoveCount; i++) {
    result.moves_all++;
    if (coverage.moves[i]) {
      result.moves++;
    } else {
      result.missed.push_back(move_name(kMoves[i]));
    }
  }
  for (std::size_t i = 0; i < std::size(kPoints); i++) {
    result.points_all++;
    if (coverage.points[i]) {
      result.points++;
    } else {
      result.missed.push_back(std::string("point ") + kPoints[i].name);
    }
    reached_deeds(coverage, i, result);
  }
  return result;
}

std::string Reached::summary() const {
  return "moves " + std::to_string(moves) + " of " + std::to_string(moves_all) + ", points " +
         std::to_string(points) + " of " + std::to_string(points_all) + ", actions performed " +
         std::to_string(deeds) + " of " + std::to_string(deeds_all);
}

int command_coverage(const Arguments& arguments) {
  CLI::App app(
      "Runs the files once and says which moves and points they reach together, and which\n"
      "actions the points performed of those that their rows allow.",
      "throwsplit coverage");
  std::vector<std::string> paths;
  bool require_all = false;
  bool each = false;
  bool as_fuzzer = false;
  bool json = false;
  app.add_option("FILE", paths, "files, or folders of .prog files")->required();
  app.add_flag("--require-all", require_all, "exit 1 when a row is missed");
  app.add_flag("--each", each, "also one line a file: what it reaches that no file before it did");
  app.add_flag("--as-fuzzer", as_fuzzer, "read any bytes as a fuzz target would");
  app.add_flag("--json", json, "print JSON");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  auto loaded = load_files(paths, as_fuzzer ? Reading::kAsFuzzer : Reading::kStrict);
  if (const auto* error = std::get_if<std::string>(&loaded)) return complain(*error);

  Coverage all;
  for (const File& file : *std::get_if<std::vector<File>>(&loaded)) {
    const std::vector<std::string> before = reached(all).missed;
    all.merge(run(file.loaded.program.input).coverage);
    if (!each || json) continue;
    printf("%s:", file.path.c_str());
    const std::vector<std::string> after = reached(all).missed;
    for (const std::string& row : before) {
      if (std::find(after.begin(), after.end(), row) == after.end()) printf(" %s,", row.c_str());
    }
    printf("\n");
  }
  const Reached result = reached(all);
  if (json) {
    const nlohmann::json object = {{"moves", result.moves},   {"moves_all", result.moves_all},
                                   {"points", result.points}, {"points_all", result.points_all},
                                   {"actions", result.deeds}, {"actions_all", result.deeds_all},
                                   {"missed", result.missed}};
    printf("%s\n", object.dump(2).c_str());
  } else {
    printf("%s\n", result.summary().c_str());
    for (const std::string& row : result.missed)
      printf("missed: %s\n", row.c_str());
  }
  return require_all && !result.missed.empty() ? kExitFinding : kExitPass;
}

}  // namespace throwsplit::fuzz
