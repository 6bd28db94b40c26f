// `corpus check`, and the way to its siblings.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/tools/corpus.h"

#include <CLI/CLI.hpp>
#include <cstdint>
#include <cstdio>
#include <map>
#include <string>
#include <variant>
#include <vector>

#include "fuzz/input/encode.h"
#include "fuzz/run/run.h"

namespace throwsplit::fuzz {

std::vector<std::string> check_corpus(const std::vector<File>& files) {
  std::vector<std::string> wrong;
  std::map<std::vector<std::uint8_t>, std::string> seen;
  for (const File& file : files) {
    const Program& program = file.loaded.program;
    if (file.loaded.form == Form::kText && !program.title.ends_with(".")) {
      wrong.push_back(file.path + ": does not begin with the sentence of its idea");
    }
    if (file.loaded.form == Form::kText && program.expect.empty()) {
      wrong.push_back(file.path + ": does not say what it expects");
    }
    const auto [twin, is_new] = seen.emplace(encode(program.input), file.path);
    if (!is_new) wrong.push_back(file.path + ": is " + twin->second + " over again");
    const Outcome outcome = run(program.input);
    const std::string went = outcome.verdict == Verdict::finding
                                 ? "finding " + outcome.finding.oracle
                                 : verdict_name(outcome.verdict);
    const std::string expect = program.expect.empty() ? "pass" : program.expect;
    if (went != expect) wrong.push_back(file.path + ": " + went + ", expected " + expect);
  }
  return wrong;
}

int corpus_check(const Arguments& arguments) {
  CLI::App app("Runs every file and looks at what it says of itself. Exit 0: all is well.",
               "throwsplit corpus check");
  std::vector<std::string> paths;
  app.add_option("FILE", paths, "files and folders; corpus/ here or above if none is named");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  if (paths.empty()) paths = {find_upwards("corpus")};
  if (paths[0].empty()) return complain("no corpus/ here or above: name a folder");
  const auto loaded = load_files(paths);
  if (const auto* error = std::get_if<std::string>(&loaded)) return complain(*error);
  const auto& files = *std::get_if<std::vector<File>>(&loaded);
  const std::vector<std::string> wrong = check_corpus(files);
  for (const std::string& what : wrong)
    printf("%s\n", what.c_str());
  printf("%zu files, %zu things wrong\n", files.size(), wrong.size());
  return wrong.empty() ? kExitPass : kExitFinding;
}

int command_corpus(const Arguments& arguments) {
  const std::string name = arguments.empty() ? "" : arguments[0];
  const Arguments rest(arguments.empty() ? arguments.end() : arguments.begin() + 1,
                       arguments.end());
  if (name == "check") return corpus_check(rest);
  if (name == "merge") return corpus_merge(rest);
  if (name == "import") return corpus_import(rest);
  if (name == "--help" || name == "-h") {
    printf(
        "throwsplit corpus check [FILE...]          runs all, looks at what they say\n"
        "throwsplit corpus merge INTO FILE...       copies the few that reach all the rest reach\n"
        "throwsplit corpus import FILE [--into F]   makes a failing file a regression test\n");
    return kExitPass;
  }
  const std::vector<std::string> known = {"check", "merge", "import"};
  return complain("corpus: expected check, merge or import, found '" + name + "'" +
                  inject::did_you_mean(name, known));
}

}  // namespace throwsplit::fuzz
