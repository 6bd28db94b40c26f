// The commands of `throwsplit-sim`: a table of names, and what all of them share.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace throwsplit::fuzz {

// What a command tells the shell.
inline constexpr int kExitPass = 0;
inline constexpr int kExitFinding = 1;
inline constexpr int kExitUsage = 2;
inline constexpr int kExitSkipped = 77;

using Arguments = std::vector<std::string>;

struct Command {
  std::string_view name;
  std::string_view sentence;
  int (*run)(const Arguments& arguments);
};

int command_run(const Arguments& arguments);
int command_replay(const Arguments& arguments);
int command_explain(const Arguments& arguments);
int command_trace(const Arguments& arguments);
int command_hash(const Arguments& arguments);
int command_compile(const Arguments& arguments);
int command_coverage(const Arguments& arguments);
int command_list(const Arguments& arguments);
int command_points(const Arguments& arguments);
int command_moves(const Arguments& arguments);
int command_doctor(const Arguments& arguments);
int command_corpus(const Arguments& arguments);
int command_minimize(const Arguments& arguments);
int command_sweep(const Arguments& arguments);
int command_twice(const Arguments& arguments);
// In `throwsplit-chaos`, on real threads; the driver finds it there.
int command_stress(const Arguments& arguments);
int command_help(const Arguments& arguments);

std::span<const Command> commands();

// Runs the command that arguments[0] names, with the rest; errors are one line on stderr.
int dispatch(const Arguments& arguments);

}  // namespace throwsplit::fuzz
