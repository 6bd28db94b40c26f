// `corpus import`: a crash file becomes a small program in the corpus, and a test from then on.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <algorithm>
#include <cstdio>
#include <filesystem>
#include <optional>
#include <string>
#include <string_view>
#include <system_error>
#include <utility>
#include <variant>

#include "fuzz/report/names.h"
#include "fuzz/report/report.h"
#include "fuzz/run/shrink.h"
#include "fuzz/tools/corpus.h"

namespace throwsplit::fuzz {
namespace {

constexpr std::string_view kPrefix = "regress-";

// Strictly if that works: a text or a whole file says what it means. Else as the target read it.
std::variant<Program, std::string> load_crash(const std::string& path) {
  auto strict = load_file(path, site_names());
  if (auto* loaded = std::get_if<Loaded>(&strict)) return std::move(loaded->program);
  auto bytes = load_file(path, site_names(), Reading::kAsFuzzer);
  if (auto* loaded = std::get_if<Loaded>(&bytes)) return std::move(loaded->program);
  return *std::get_if<std::string>(&strict);
}

}  // namespace

std::string next_regression(const std::string& folder) {
  unsigned next = 1;
  std::error_code error;
  for (std::filesystem::directory_iterator at(folder, error), end; !error && at != end;
       at.increment(error)) {
    const std::string name = at->path().filename().string();
    if (!name.starts_with(kPrefix)) continue;
    const auto number = inject::parse_decimal(
        std::string_view(name).substr(kPrefix.size(), name.find('.') - kPrefix.size()), 9999);
    if (number) next = std::max(next, static_cast<unsigned>(*number) + 1);
  }
  char name[32];
  snprintf(name, sizeof name, "regress-%04u.prog", next);
  return folder + "/" + name;
}

int corpus_import(const Arguments& arguments) {
  CLI::App app(
      "Minimizes a file that fails here, explains it, and puts it into the corpus as the next\n"
      "regress-NNNN.prog, which expects to pass: a test that fails until the bug is mended.\n"
      "Exit 0: done; 2: the file passes on this build, or cannot be read or written.",
      "throwsplit corpus import");
  std::string path;
  std::string into = find_upwards("corpus/syscall");
  std::string sentence;
  ShrinkOptions options;
  app.add_option("FILE", path, "a crash file of an engine, or any input that fails")->required();
  app.add_option("--into", into, "the folder it goes to; corpus/syscall here or above");
  app.add_option("--sentence", sentence, "what the bug was; the first line of the file");
  app.add_option("--runs", options.runs_max, "stop minimizing after so many runs")
      ->check(CLI::PositiveNumber);
  if (const auto code = parse_arguments(app, arguments)) return *code;
  if (into.empty()) return complain("no corpus/syscall here or above: say --into FOLDER");
  auto loaded = load_crash(path);
  if (const auto* error = std::get_if<std::string>(&loaded)) return complain(*error);
  const auto shrunk = shrink(std::get_if<Program>(&loaded)->input, options);
  if (!shrunk) {
    return complain(path + ": passes on this build; import it with the build that fails");
  }
  const std::string file = next_regression(into);
  Program program;
  program.input = shrunk->input;
  program.title = sentence.empty() ? "Regression: " + shrunk->signature : sentence;
  if (!program.title.ends_with(".")) program.title += ".";
  program.expect = "pass";
  if (!write_file(file, print(program, site_names())))
    return complain(file + ": cannot be written");
  RunOptions record;
  record.record = true;
  ReportOptions report;
  report.replay = shell_command(replay_program(), "replay", file);
  fputs(report_text(run(program.input, record), program, report).c_str(), stdout);
  return kExitPass;
}

}  // namespace throwsplit::fuzz
