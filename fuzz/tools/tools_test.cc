// If this fails, a command takes bad input without one clear line, or gives a wrong exit code.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/tools/tools.h"

#include <gtest/gtest.h>
#include <unistd.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <string>

namespace throwsplit::fuzz {
namespace {

// The exit code; what was printed to stderr goes to `error`.
int call(const Arguments& arguments, std::string* error) {
  testing::internal::CaptureStdout();
  testing::internal::CaptureStderr();
  const int code = dispatch(arguments);
  *error = testing::internal::GetCapturedStderr();
  testing::internal::GetCapturedStdout();
  return code;
}

void expect_refused(const Arguments& arguments, const std::string& words) {
  std::string error;
  EXPECT_EQ(call(arguments, &error), kExitUsage);
  EXPECT_NE(error.find(words), std::string::npos) << error;
  EXPECT_EQ(error.find('\n'), error.size() - 1) << error;
}

TEST(Tools, BadInputIsOneLineAndTwo) {
  expect_refused({"replau", "x"}, "did you mean 'replay'?");
  expect_refused({"replay", "--tims", "2"}, "did you mean '--times'?");
  expect_refused({"replay", "--times", "0", "x"}, "--times");
  expect_refused({"replay", "no/such/file"}, "no/such/file: cannot be opened");
  expect_refused({"replay"}, "FILE");
  expect_refused({"run"}, "expected files");
  expect_refused({"run", "--runs", "2", "--strategy", "randon"}, "did you mean 'random'?");
  expect_refused({"run", "--runs", "2", "--window", "idle"}, "did you mean 'idle-p'?");
  expect_refused({"run", "--runs", "2", "--points", "idle-p"}, "no point is like 'idle-p'");
  expect_refused({"run", "--window", "idle-p", "corpus"}, "are for campaigns");
  expect_refused({"list", "oracle"}, "did you mean 'oracles'?");
  expect_refused({"coverage", "fuzz/tools"}, "no .prog file within");
  expect_refused({"minimize"}, "FILE");
  expect_refused({"minimize", "no/such/file"}, "no/such/file: cannot be opened");
  expect_refused({"minimize", "corpus/syscall/getpid_fast.prog"}, "nothing to minimize");
}

TEST(Tools, BadPlanOfTheEnvironmentIsRefusedByEveryCommand) {
  setenv("THROWSPLIT_INJECT", "entersyscall_gcwait=slep", 1);
  expect_refused({"points"}, "did you mean 'sleep'?");
  expect_refused({"replay", "corpus/syscall/getpid_fast.prog"}, "THROWSPLIT_INJECT: column 21");
  unsetenv("THROWSPLIT_INJECT");
}

TEST(Tools, ReplayJudgesByWhatTheFileExpects) {
  const std::string path = testing::TempDir() + "expects_" + std::to_string(getpid()) + ".prog";
  std::ofstream(path) << "expect finding O3\nbody main\n  getpid fast\n";
  std::string error;
  EXPECT_EQ(call({"replay", "corpus/syscall/getpid_fast.prog", "--times", "10"}, &error),
            kExitPass);
  EXPECT_EQ(call({"replay", path}, &error), kExitFinding);
  EXPECT_EQ(call({"run", path}, &error), kExitPass);
  EXPECT_EQ(call({"explain", path}, &error), kExitPass);
  EXPECT_EQ(error, "");
}

// The input of the last of seven runs of a campaign.
std::string last_input(Arguments more) {
  const std::string path = testing::TempDir() + "last_" + std::to_string(getpid()) + ".prog";
  Arguments arguments = {
      "run", "corpus/syscall/calls_alone.prog", "--runs", "7", "--seed", "3", "--last", path};
  arguments.insert(arguments.end(), more.begin(), more.end());
  std::string error;
  EXPECT_EQ(call(arguments, &error), kExitPass) << error;
  EXPECT_EQ(call({"replay", path}, &error), kExitPass) << error;
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), {}};
}

TEST(Tools, WhatAWindowDrawsIsPartOfTheInput) {
  const std::string drawn = last_input({"--window", "idle-p"});
  EXPECT_NE(drawn.find("faults\n"), std::string::npos) << drawn;
  EXPECT_EQ(drawn, last_input({"--window", "idle-p"}));
  EXPECT_NE(drawn, last_input({"--window", "gcwaiting"}));
  EXPECT_NE(last_input({"--points", "exitsyscall_*"}).find("exitsyscall_"), std::string::npos);
  EXPECT_EQ(last_input({}).find("faults\n"), std::string::npos);
}

TEST(Tools, TablesAndListsPrint) {
  std::string error;
  for (const char* command : {"points", "moves", "list", "help"}) {
    EXPECT_EQ(call({command}, &error), kExitPass) << command;
    EXPECT_EQ(error, "") << command;
  }
}

}  // namespace
}  // namespace throwsplit::fuzz
