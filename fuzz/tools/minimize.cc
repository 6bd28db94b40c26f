// `minimize`: a file that fails becomes a small one that fails in the same way.
// SPDX-License-Identifier: Apache-2.0
#include <CLI/CLI.hpp>
#include <chrono>
#include <cstdint>
#include <cstdio>
#include <nlohmann/json.hpp>
#include <string>
#include <utility>
#include <variant>
#include <vector>

#include "fuzz/report/names.h"
#include "fuzz/report/report.h"
#include "fuzz/run/probe_forked.h"
#include "fuzz/run/shrink.h"
#include "fuzz/tools/common.h"

namespace throwsplit::fuzz {
namespace {

struct Part {
  const char* name;
  std::uint64_t Size::* count;
};
constexpr Part kParts[] = {{"goroutines", &Size::goroutines},
                           {"ops", &Size::ops},
                           {"faults", &Size::faults},
                           {"schedule rows", &Size::rows}};

std::string beside(std::string path) {
  constexpr std::string_view kEnd = ".prog";
  if (path.ends_with(kEnd)) path.resize(path.size() - kEnd.size());
  return path + ".min.prog";
}

void print_reduction(const Shrunk& shrunk, const std::string& out) {
  printf("%s\n", shrunk.signature.c_str());
  for (const Part& part : kParts) {
    printf("  %-14s %5llu -> %llu\n", part.name,
           static_cast<unsigned long long>(shrunk.before.*part.count),
           static_cast<unsigned long long>(shrunk.after.*part.count));
  }
  printf("in %llu runs; replay it with\n%s\n", static_cast<unsigned long long>(shrunk.runs),
         shell_command(replay_program(), "replay", out).c_str());
}

nlohmann::json json_of(const Shrunk& shrunk, const std::string& out) {
  nlohmann::json result = {{"signature", shrunk.signature}, {"runs", shrunk.runs}, {"file", out}};
  for (const Part& part : kParts) {
    result["before"][part.name] = shrunk.before.*part.count;
    result["after"][part.name] = shrunk.after.*part.count;
  }
  return result;
}

}  // namespace

int command_minimize(const Arguments& arguments) {
  CLI::App app(
      "Makes a file that fails as small as it can: goroutines, ops, faults, schedule rows, as\n"
      "long as the same is found. Exit 0: done; 2: the file passes, or cannot be read.",
      "throwsplit minimize");
  std::string path;
  std::string out;
  ShrinkOptions options;
  bool as_fuzzer = false;
  bool forks = false;
  double seconds_max = 0;
  bool json = false;
  app.add_option("FILE", path, "a .prog text, or the bytes a fuzzer wrote")->required();
  app.add_option("-o,--out", out, "where the small one goes; FILE.min.prog if not said");
  app.add_option("--runs", options.runs_max, "stop after so many runs")->check(CLI::PositiveNumber);
  app.add_option("--budget", seconds_max, "stop after so many seconds")->check(CLI::PositiveNumber);
  app.add_flag("--fork", forks, "try each candidate in a child: for what ends the process");
  app.add_flag("--as-fuzzer", as_fuzzer, "read any bytes as a fuzz target would");
  app.add_flag("--json", json, "print JSON");
  if (const auto code = parse_arguments(app, arguments)) return *code;
  const Reading reading = as_fuzzer ? Reading::kAsFuzzer : Reading::kStrict;
  auto loaded = load_file(path, site_names(), reading);
  if (const auto* error = std::get_if<std::string>(&loaded)) return complain(*error);
  Program program = std::move(std::get_if<Loaded>(&loaded)->program);

  if (forks) options.probe = [](const Input& input) { return probe_forked(input); };
  const auto begin = std::chrono::steady_clock::now();
  if (seconds_max > 0) {
    options.is_enough = [begin, seconds_max] {
      return std::chrono::steady_clock::now() - begin > std::chrono::duration<double>(seconds_max);
    };
  }
  const auto shrunk = shrink(program.input, options);
  if (!shrunk) return complain(path + ": passes, so there is nothing to minimize");
  if (out.empty()) out = beside(path);
  program.input = shrunk->input;
  program.title = "Minimized: " + shrunk->signature;
  program.expect.clear();
  program.body_names.clear();
  if (!write_file(out, print(program, site_names()))) return complain(out + ": cannot be written");
  if (json) {
    printf("%s\n", json_of(*shrunk, out).dump(2).c_str());
  } else {
    print_reduction(*shrunk, out);
  }
  return kExitPass;
}

}  // namespace throwsplit::fuzz
