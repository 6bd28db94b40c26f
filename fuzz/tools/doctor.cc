// `doctor`: what of this machine matters to builds, sanitizers and crash files, and what to do.
// SPDX-License-Identifier: Apache-2.0
#include <sys/wait.h>
#include <unistd.h>

#include <CLI/CLI.hpp>
#include <cstdio>
#include <cstdlib>
#include <fstream>
#include <nlohmann/json.hpp>
#include <sstream>
#include <string>
#include <vector>

#include "fuzz/tools/common.h"

namespace throwsplit::fuzz {
namespace {

struct Symptom {
  std::string what;
  std::string found;
  bool ok = true;
  std::string remedy;  // said when it is not
};

std::string in_path(const std::vector<std::string>& names) {
  const char* path = getenv("PATH");
  for (const std::string& name : names) {
    std::istringstream folders(path == nullptr ? "" : path);
    for (std::string folder; std::getline(folders, folder, ':');) {
      if (access((folder + "/" + name).c_str(), X_OK) == 0) return name;
    }
  }
  return "";
}

Symptom program(const char* what, const std::vector<std::string>& names, const char* remedy) {
  const std::string found = in_path(names);
  return {what, found.empty() ? "not in PATH" : found, !found.empty(), remedy};
}

std::string first_line_of(const std::string& path) {
  std::ifstream file(path);
  std::string line;
  std::getline(file, line);
  return line;
}

Symptom address_space() {
  const std::string bits = first_line_of("/proc/sys/vm/mmap_rnd_bits");
  return {"random bits of addresses", bits.empty() ? "unknown" : bits,
          bits.empty() || atoi(bits.c_str()) <= 28,
          "sanitizers may fail at start; as root: sysctl vm.mmap_rnd_bits=28"};
}

Symptom map_limit() {
  const std::string count = first_line_of("/proc/sys/vm/max_map_count");
  return {"mappings a process may have", count.empty() ? "unknown" : count,
          count.empty() || atol(count.c_str()) >= 65530,
          "guard pages fall back to guard words early; as root: sysctl vm.max_map_count=65530"};
}

Symptom core_pattern() {
  const std::string pattern = first_line_of("/proc/sys/kernel/core_pattern");
  return {
      "core pattern", pattern.empty() ? "none" : pattern, !pattern.starts_with("|"),
      "each crash starts a program and slows fuzzing; as root: sysctl kernel.core_pattern=core"};
}

Symptom ptrace_scope() {
  const std::string scope = first_line_of("/proc/sys/kernel/yama/ptrace_scope");
  return {"ptrace", scope.empty() ? "not restricted" : "scope " + scope,
          scope.empty() || atoi(scope.c_str()) <= 1,
          "debuggers and LeakSanitizer cannot attach; as root: sysctl kernel.yama.ptrace_scope=1"};
}

}  // namespace

int command_doctor(const Arguments& arguments) {
  CLI::App app("Looks at this machine. Exit 0: nothing to do; 1: something is worth doing.",
               "throwsplit doctor");
  bool json = false;
  app.add_flag("--json", json, "print JSON");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  const Symptom symptoms[] = {
      program("compiler (presets)", {"clang++-19"}, "ci/setup installs it"),
      program("compiler (gcc preset)", {"g++-12"}, "ci/setup installs it"),
      program("linker", {"ld.lld-19", "lld-19"}, "ci/setup installs it"),
      program("build", {"ninja"}, "ci/setup installs it"),
      program("symbolizer", {"llvm-symbolizer-19", "llvm-symbolizer"},
              "sanitizer reports will have addresses instead of lines; ci/setup installs it"),
      address_space(),
      map_limit(),
      core_pattern(),
      ptrace_scope(),
  };
  bool ok = true;
  nlohmann::json rows = nlohmann::json::array();
  for (const Symptom& symptom : symptoms) {
    ok = ok && symptom.ok;
    rows.push_back({{"what", symptom.what},
                    {"found", symptom.found},
                    {"ok", symptom.ok},
                    {"remedy", symptom.ok ? "" : symptom.remedy}});
    if (json) continue;
    printf("%-4s %-28s %s\n", symptom.ok ? "ok" : "!!", symptom.what.c_str(),
           symptom.found.c_str());
    if (!symptom.ok) printf("       %s\n", symptom.remedy.c_str());
  }
  if (json) printf("%s\n", rows.dump(2).c_str());
  return ok ? kExitPass : kExitFinding;
}

}  // namespace throwsplit::fuzz
