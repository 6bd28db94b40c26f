// The program `throwsplit-nosplit`: checks binaries; `throwsplit nosplit` becomes it.
// SPDX-License-Identifier: Apache-2.0
//
//   throwsplit-nosplit [--json] [--rules FILE] BINARY...
//
// Exit codes: 0 no finding, 1 findings, 2 usage or bad input.
#include <cerrno>
#include <cstdio>
#include <cstring>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "runtime/nosplit/nosplit.h"

namespace {

using throwsplit::nosplit::Report;
using throwsplit::nosplit::Rules;

constexpr int kExitPass = 0;
constexpr int kExitFinding = 1;
constexpr int kExitUsage = 2;
constexpr const char* kUsage =
    "usage: throwsplit nosplit [--json] [--rules FILE] BINARY...\n"
    "\n"
    "Adds up the stack that chains of unchecked functions use, and says which exceed their "
    "budget.\n"
    "  --json        print JSON, one line a binary\n"
    "  --rules FILE  budgets, roots and figures; not given: those of this project's runtime\n"
    "  --print-rules print the rules that would be used\n"
    "\n"
    "Exit codes: 0 no finding, 1 findings, 2 usage or bad input. docs/nosplit.md tells the rest.\n";

int complain(const std::string& what) {
  fprintf(stderr, "throwsplit: %s\n", what.c_str());
  return kExitUsage;
}

struct Flags {
  bool json = false;
  bool print_rules = false;
  std::string rules;
  std::vector<std::string> files;
};

// "" or what is wrong.
std::string parse(int argc, char** argv, Flags& flags) {
  for (int i = 1; i < argc; i++) {
    const std::string word = argv[i];
    if (word == "--json") {
      flags.json = true;
    } else if (word == "--print-rules") {
      flags.print_rules = true;
    } else if (word == "--rules") {
      if (++i == argc) return "--rules expects a file";
      flags.rules = argv[i];
    } else if (word.starts_with("-")) {
      return "unknown flag '" + word + "'; there are --json, --rules FILE, --print-rules";
    } else {
      flags.files.push_back(word);
    }
  }
  if (flags.files.empty() && !flags.print_rules) return "expected a binary; --help says more";
  return "";
}

// "" or what is wrong.
std::string read_text(const std::string& path, std::string& text) {
  FILE* file = fopen(path.c_str(), "re");
  if (file == nullptr) return path + ": " + strerror(errno);
  char buffer[4096];
  size_t count;
  while ((count = fread(buffer, 1, sizeof buffer, file)) != 0)
    text.append(buffer, count);
  const bool failed = ferror(file) != 0;
  fclose(file);
  return failed ? path + ": cannot be read" : "";
}

int check_files(const Flags& flags, const Rules& rules) {
  int code = kExitPass;
  for (const std::string& file : flags.files) {
    const auto checked = throwsplit::nosplit::check_file(file, rules);
    if (const auto* error = std::get_if<std::string>(&checked)) return complain(*error);
    const auto& report = *std::get_if<Report>(&checked);
    const std::string told = flags.json ? throwsplit::nosplit::report_json(report, file)
                                        : throwsplit::nosplit::report_text(report, file);
    fputs(told.c_str(), stdout);
    if (!report.findings.empty()) code = kExitFinding;
  }
  return code;
}

}  // namespace

int main(int argc, char** argv) {
  for (int i = 1; i < argc; i++) {
    if (strcmp(argv[i], "--help") != 0 && strcmp(argv[i], "-h") != 0) continue;
    fputs(kUsage, stdout);
    return kExitPass;
  }
  Flags flags;
  std::string error = parse(argc, argv, flags);
  if (!error.empty()) return complain(error);
  std::string text(throwsplit::nosplit::own_rules());
  std::string name = "throwsplit.rules";
  if (!flags.rules.empty()) {
    text.clear();
    name = flags.rules;
    error = read_text(name, text);
    if (!error.empty()) return complain(error);
  }
  if (flags.print_rules) fputs(text.c_str(), stdout);
  const auto rules = throwsplit::nosplit::parse_rules(text, name);
  if (const auto* why = std::get_if<std::string>(&rules)) return complain(*why);
  return check_files(flags, *std::get_if<Rules>(&rules));
}
