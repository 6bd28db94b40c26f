// `replay`, `explain`, `trace`: one file, run again, judged by what it expects or told as a story.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/report/chrome_trace.h"
#include "fuzz/report/report.h"
#include "fuzz/report/report_html.h"
#include "fuzz/tools/common.h"

namespace throwsplit::fuzz {
namespace {

std::string seen(const Outcome& outcome) {
  return outcome.verdict == Verdict::finding ? "finding " + outcome.finding.oracle
                                             : verdict_name(outcome.verdict);
}

// A file without an expectation may do anything but fail.
bool is_as_expected(const Outcome& outcome, const std::string& expect) {
  if (expect.empty()) return outcome.verdict != Verdict::finding;
  return seen(outcome) == expect;
}

Outcome recorded(const Input& input) {
  RunOptions options;
  options.record = true;
  return run(input, options);
}

ReportOptions report_options(const std::string& path) {
  ReportOptions options;
  options.replay = shell_command(replay_program(), "replay", path);
  return options;
}

int load_one(const std::string& path, bool as_fuzzer, File* file) {
  auto loaded = load_files({path}, as_fuzzer ? Reading::kAsFuzzer : Reading::kStrict);
  if (const auto* error = std::get_if<std::string>(&loaded)) return complain(*error);
  auto& files = *std::get_if<std::vector<File>>(&loaded);
  if (files.size() != 1) return complain(path + ": expected one file, found a folder");
  *file = std::move(files[0]);
  return kExitPass;
}

struct Tally {
  unsigned times = 0;
  unsigned agreeing = 0;  // with the first, in verdict and trace
};

void print_replay(const File& file, const Outcome& first, const Tally& tally, bool ok) {
  const std::string& expect = file.loaded.program.expect;
  printf("%s: %s", file.path.c_str(), seen(first).c_str());
  if (!expect.empty()) printf(ok ? ", as expected" : ", expected %s", expect.c_str());
  printf("; %llu steps, trace %s\n", static_cast<unsigned long long>(first.steps),
         hex_of(first.trace_hash).c_str());
  if (tally.times > 1) printf("%u of %u replays agree\n", tally.agreeing, tally.times);
}

}  // namespace

int command_replay(const Arguments& arguments) {
  CLI::App app(
      "Runs one file. Exit 0: it went as its `expect` line says, or, without one, nothing\n"
      "was found; 1: otherwise.",
      "throwsplit replay");
  std::string path;
  unsigned times = 1;
  bool json = false;
  bool as_fuzzer = false;
  app.add_option("FILE", path, "a .prog text, or the bytes a fuzzer wrote")->required();
  app.add_option("--times", times, "run it so many times; all must agree")
      ->check(CLI::Range(1U, 1'000'000U));
  app.add_flag("--json", json, "print JSON");
  app.add_flag("--as-fuzzer", as_fuzzer, "read any bytes as a fuzz target would");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  File file;
  if (const int code = load_one(path, as_fuzzer, &file); code != kExitPass) return code;

  const Program& program = file.loaded.program;
  const Outcome first = run(program.input);
  Tally tally = {times, 1};
  for (unsigned i = 1; i < times; i++) {
    const Outcome again = run(program.input);
    if (again.trace_hash == first.trace_hash && seen(again) == seen(first)) tally.agreeing++;
  }
  const bool ok = is_as_expected(first, program.expect) && tally.agreeing == times;
  if (json) {
    nlohmann::json result = {{"file", path},
                             {"verdict", verdict_name(first.verdict)},
                             {"expect", program.expect},
                             {"ok", ok},
                             {"trace_hash", hex_of(first.trace_hash)},
                             {"steps", first.steps},
                             {"times", tally.times},
                             {"agreeing", tally.agreeing}};
    if (first.verdict == Verdict::finding) {
      result["oracle"] = first.finding.oracle;
      result["text"] = first.finding.text;
    }
    printf("%s\n", result.dump(2).c_str());
  } else if (!ok && first.verdict == Verdict::finding) {
    if (tally.times > 1) print_replay(file, first, tally, ok);
    fputs(report_text(recorded(program.input), program, report_options(path)).c_str(), stdout);
  } else {
    print_replay(file, first, tally, ok);
  }
  return ok ? kExitPass : kExitFinding;
}

int command_explain(const Arguments& arguments) {
  CLI::App app(
      "Runs one file and tells what each agent did. Exit 0: nothing was found; 1: a finding.",
      "throwsplit explain");
  std::string path;
  std::string html;
  bool json = false;
  bool as_fuzzer = false;
  bool steps = false;
  size_t width = 132;
  app.add_option("FILE", path, "a .prog text, or the bytes a fuzzer wrote")->required();
  app.add_flag("--steps", steps, "every step, not only those that tell the story");
  app.add_option("--width", width, "columns of text")->check(CLI::Range(60, 1000));
  app.add_flag("--json", json, "print JSON");
  app.add_option("--html", html, "write the report as one page to this file");
  app.add_flag("--as-fuzzer", as_fuzzer, "read any bytes as a fuzz target would");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  File file;
  if (const int code = load_one(path, as_fuzzer, &file); code != kExitPass) return code;

  const Program& program = file.loaded.program;
  const Outcome outcome = recorded(program.input);
  ReportOptions options = report_options(path);
  options.all_steps = steps;
  options.width = width;
  if (!html.empty()) {
    if (!write_file(html, report_html(outcome, program, options))) {
      return complain(html + ": cannot be written");
    }
    printf("%s\n", first_line(outcome).c_str());
  } else if (json) {
    printf("%s\n", report_json(outcome, program, options).dump(2).c_str());
  } else {
    fputs(report_text(outcome, program, options).c_str(), stdout);
  }
  return outcome.verdict == Verdict::finding ? kExitFinding : kExitPass;
}

int command_trace(const Arguments& arguments) {
  CLI::App app(
      "Runs one file and writes it as Chrome trace events, for ui.perfetto.dev or\n"
      "chrome://tracing: a track a thread, a P, a goroutine, in virtual time.",
      "throwsplit trace");
  std::string path;
  std::string out;
  bool as_fuzzer = false;
  app.add_option("FILE", path, "a .prog text, or the bytes a fuzzer wrote")->required();
  app.add_option("-o,--out", out, "where the trace goes")->required();
  app.add_flag("--as-fuzzer", as_fuzzer, "read any bytes as a fuzz target would");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  File file;
  if (const int code = load_one(path, as_fuzzer, &file); code != kExitPass) return code;

  const Program& program = file.loaded.program;
  const Outcome outcome = recorded(program.input);
  if (!write_file(out, chrome_trace(outcome, program).dump())) {
    return complain(out + ": cannot be written");
  }
  printf("%s\n", first_line(outcome).c_str());
  return outcome.verdict == Verdict::finding ? kExitFinding : kExitPass;
}

}  // namespace throwsplit::fuzz
