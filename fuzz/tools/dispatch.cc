// The table of commands, and the way from a command line to one of them.
// SPDX-License-Identifier: Apache-2.0
#include <cstdio>
#include <exception>
#include <span>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/tools/common.h"
#include "fuzz/tools/tools.h"

namespace throwsplit::fuzz {
namespace {

constexpr Command kCommands[] = {
    {"run", "Runs programs once each, or as a campaign over many seeds.", command_run},
    {"replay", "Runs one file and says whether it went as the file expects.", command_replay},
    {"explain", "Runs one file and tells what happened, as a timeline.", command_explain},
    {"trace", "Runs one file and writes it as Chrome trace events (Perfetto).", command_trace},
    {"hash", "Prints the trace hash of each file: equal hashes, equal runs.", command_hash},
    {"compile", "Turns programs into the bytes that fuzz targets take as seeds.", command_compile},
    {"coverage", "Says which moves, points and actions the files reach.", command_coverage},
    {"list", "Lists targets, strategies, oracles, mutants, corpus.", command_list},
    {"points", "Prints the injection points.", command_points},
    {"moves", "Prints the legal moves of goroutines and of Ps.", command_moves},
    {"doctor", "Looks at this machine and says what to do about it.", command_doctor},
    {"minimize", "Makes a file that fails small, failing in the same way.", command_minimize},
    {"sweep", "Makes each attempt that may fail in a program fail, one a run.", command_sweep},
    {"twice", "Runs files twice under many schedules: equal inputs, equal runs.", command_twice},
    {"corpus", "Checks, merges, or takes a failing file into the corpus.", command_corpus},
    {"help", "Prints this.", command_help},
};

}  // namespace

std::span<const Command> commands() { return kCommands; }

int command_help(const Arguments&) {
  printf("usage: throwsplit COMMAND [ARGUMENT]...   (throwsplit COMMAND --help says more)\n\n");
  for (const Command& command : kCommands) {
    printf("  %-10s %s\n", std::string(command.name).c_str(),
           std::string(command.sentence).c_str());
  }
  printf("  %-10s %s\n", "stress", "Runs programs on real threads, with a watchdog.");
  printf("  %-10s %s\n", "mutants",
         "Plants each known bug in the sources and demands it is found.");
  printf("  %-10s %s\n", "nosplit", "Adds up the stack of unchecked code in a binary.");
  printf("\nExit codes: 0 pass, 1 finding, 2 usage or bad input, 77 skipped.\n");
  return kExitPass;
}

int dispatch(const Arguments& arguments) {
  if (arguments.empty()) {
    command_help({});
    return kExitUsage;
  }
  // Said at once, whether the command needs it or not: a plan that is not obeyed misleads.
  const auto plan = plan_of_environment();
  if (const auto* error = std::get_if<std::string>(&plan)) return complain(*error);
  std::string name = arguments[0];
  if (name == "--help" || name == "-h") name = "help";
  std::vector<std::string> known;
  for (const Command& command : kCommands) {
    known.emplace_back(command.name);
    if (command.name != name) continue;
    try {
      return command.run(Arguments(arguments.begin() + 1, arguments.end()));
    } catch (const std::exception& error) {
      return complain(error.what());
    }
  }
  return complain("unknown command '" + name + "'" + inject::did_you_mean(name, known) +
                  "; `throwsplit help` lists them");
}

}  // namespace throwsplit::fuzz
