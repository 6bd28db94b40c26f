// `points` and `moves`: the runtime's tables, printed.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>

#include "fuzz/tools/common.h"
#include "runtime/gmp/moves.h"
#include "runtime/hook/points.h"

namespace throwsplit::fuzz {
namespace {

std::optional<int> parse_json_flag(CLI::App& app, const Arguments& arguments, bool* json) {
  app.add_flag("--json", *json, "print JSON");
  return parse_arguments(app, arguments);
}

const char* kind_of(const PointRow& row) {
  return row.kind == PointKind::window ? "window" : "attempt";
}

}  // namespace

int command_points(const Arguments& arguments) {
  CLI::App app("Prints the injection points: where the world may change, or an attempt fail.",
               "throwsplit points");
  bool json = false;
  if (const auto code = parse_json_flag(app, arguments, &json)) return *code;
  nlohmann::json rows = nlohmann::json::array();
  for (const PointRow& row : kPoints) {
    if (json) {
      rows.push_back({{"number", static_cast<int>(row.point)},
                      {"name", row.name},
                      {"room", row.room},
                      {"kind", kind_of(row)},
                      {"actions", row.actions},
                      {"needs", row.needs},
                      {"reason", row.reason}});
    } else {
      printf("%3d  %-28s %-8s %-8s %-3s %-7s %s\n", static_cast<int>(row.point), row.name, row.room,
             kind_of(row), row.actions, row.needs, row.reason);
    }
  }
  if (json) printf("%s\n", rows.dump(2).c_str());
  return kExitPass;
}

namespace {

// The page docs/moves.md; a test holds it against this.
int print_moves_page() {
  printf(
      "# The legal moves\n\n"
      "Printed by `throwsplit moves --markdown` from `runtime/gmp/moves.def`; do not edit.\n"
      "`casgstatus`, `pcas` and `pset` refuse every other move, the oracles judge by this table, "
      "and\n"
      "the fuzzer counts which of its rows a campaign has reached.\n");
  for (MoveKind kind : {MoveKind::g, MoveKind::p}) {
    printf(
        "\n## %s\n\n| | from | to | by | must hold | why |\n| --- | --- | --- | --- | --- | --- "
        "|\n",
        kind == MoveKind::g ? "Goroutines" : "Ps");
    for (const MoveRow& row : kMoves) {
      if (row.kind != kind) continue;
      printf("| %s%d | %s | %s | `%s` | %s | %s |\n", kind == MoveKind::g ? "g" : "p",
             static_cast<int>(row.number), row.from_name, row.to_name, row.mover, row.held,
             row.why);
    }
  }
  return kExitPass;
}

}  // namespace

int command_moves(const Arguments& arguments) {
  CLI::App app("Prints the legal moves of goroutines and of Ps.", "throwsplit moves");
  bool json = false;
  bool markdown = false;
  app.add_flag("--markdown", markdown, "print docs/moves.md");
  if (const auto code = parse_json_flag(app, arguments, &json)) return *code;
  if (markdown) return print_moves_page();
  nlohmann::json rows = nlohmann::json::array();
  for (const MoveRow& row : kMoves) {
    const std::string name =
        (row.kind == MoveKind::g ? "g" : "p") + std::to_string(static_cast<int>(row.number));
    if (json) {
      rows.push_back({{"name", name},
                      {"from", row.from_name},
                      {"to", row.to_name},
                      {"mover", row.mover},
                      {"held", row.held},
                      {"needs", row.needs},
                      {"why", row.why}});
    } else {
      printf("%-4s %-9s -> %-9s  by %-32s holds %-24s %-7s %s\n", name.c_str(), row.from_name,
             row.to_name, row.mover, row.held, row.needs, row.why);
    }
  }
  if (json) printf("%s\n", rows.dump(2).c_str());
  return kExitPass;
}

}  // namespace throwsplit::fuzz
