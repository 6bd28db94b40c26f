// The end of a fuzz target that found something: the report, then death for the engine to see.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/targets/finding.h"

#include <cstdio>
#include <cstdlib>
#include <filesystem>
#include <string>
#include <string_view>
#include <system_error>

#include "fuzz/report/difference.h"
#include "fuzz/report/report.h"
#include "fuzz/run/run.h"
#include "fuzz/targets/sha1.h"

namespace throwsplit::fuzz {
namespace {

std::string& artifact_prefix() {
  static std::string prefix = "./";
  return prefix;
}
std::string& file_at_hand() {
  static std::string file;
  return file;
}

bool saves_crashes = false;

void save(const std::string& path, std::span<const uint8_t> bytes) {
  std::FILE* file = std::fopen(path.c_str(), "wb");
  if (file == nullptr) return;
  std::fwrite(bytes.data(), 1, bytes.size(), file);
  std::fclose(file);
}

// `throwsplit COMMAND FILE`, as a shell finds it from here.
std::string tool_command(const std::string& command, const std::string& file) {
  std::error_code error;
  const auto self = std::filesystem::read_symlink("/proc/self/exe", error);
  const auto beside = self.parent_path() / "throwsplit-sim";
  if (!error && std::filesystem::exists(beside, error)) {
    return shell_command(std::filesystem::proximate(beside, error).string(), command, file);
  }
  return shell_command("throwsplit", command, file);
}

}  // namespace

void learn_arguments(int argc, char** argv) {
  constexpr std::string_view kPrefix = "-artifact_prefix=";
  constexpr std::string_view kExact = "-exact_artifact_path=";
  std::error_code error;
  for (int i = 1; i < argc; i++) {
    const std::string_view word = argv[i];
    if (word.starts_with(kPrefix)) artifact_prefix() = word.substr(kPrefix.size());
    if (word.starts_with(kExact)) file_at_hand() = word.substr(kExact.size());
    // Files as arguments are run once and nothing is written.
    if (!word.starts_with("-") && std::filesystem::is_regular_file(word, error)) {
      file_at_hand() = word;
    }
  }
}

void learn_file(const std::string& path) { file_at_hand() = path; }

void save_crashes() { saves_crashes = true; }

std::string crash_file(std::span<const uint8_t> bytes) {
  if (!file_at_hand().empty()) return file_at_hand();
  return artifact_prefix() + "crash-" + sha1_hex(bytes);
}

std::string finding_report(const Input& input, const std::string& file) {
  RunOptions record;
  record.record = true;
  Program program;
  program.input = input;
  ReportOptions report;
  report.replay = tool_command("replay", file);
  return report_text(run(input, record), program, report);
}

void finding_assert_failed(const Input& input, std::span<const uint8_t> bytes) {
  const std::string file = crash_file(bytes);
  if (saves_crashes && file != file_at_hand()) save(file, bytes);
  fputs(finding_report(input, file).c_str(), stderr);
  fflush(stderr);
  // Once more, to die on the failing stack where the runtime itself died. An oracle's finding has
  // no such stack: then this one must do.
  RunOptions in_place;
  in_place.abort_in_place = true;
  run(input, in_place);
  abort();
}

void difference_assert_failed(const Difference& difference, std::span<const uint8_t> bytes) {
  const std::string file = crash_file(bytes);
  if (saves_crashes && file != file_at_hand()) save(file, bytes);
  fprintf(stderr, "ASSERTION FAILED: %s\n%s%s\n", as_finding({}, difference).finding.text.c_str(),
          difference_text(difference).c_str(), tool_command("twice", file).c_str());
  abort();
}

}  // namespace throwsplit::fuzz
