// What the commands share: arguments, files in, one-line errors out.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/input/load.h"
#include "fuzz/tools/tools.h"

namespace CLI {
class App;
}

namespace throwsplit::fuzz {

// Prints "throwsplit: ..." to stderr; returns kExitUsage.
int complain(const std::string& what);

// Parses into the app. Empty: go on. Else the command is over (help, or an error that is told).
std::optional<int> parse_arguments(CLI::App& app, const Arguments& arguments);

struct File {
  std::string path;
  Loaded loaded;
};

// Files as given; of folders every .prog within (as a fuzzer: every file), sorted. Either all, or
// the first error.
std::variant<std::vector<File>, std::string> load_files(const std::vector<std::string>& paths,
                                                        Reading reading = Reading::kStrict);

// The terms of THROWSPLIT_INJECT, none when it is not set; or what is wrong with it.
std::variant<inject::Plan, std::string> plan_of_environment();

// This program, as a shell finds it from here: it can replay what it found.
std::string replay_program();

// The nearest folder from here upwards that holds `path`, with it: "../fuzz/mutants/manifest"; "".
std::string find_upwards(const std::string& path);

// All of it, or false.
bool write_file(const std::string& path, const std::string& content);

std::string hex_of(uint64_t number);

}  // namespace throwsplit::fuzz
