// If this fails, stress misses a hang, a crash or wrong data, or a plan is not obeyed by threads.
// SPDX-License-Identifier: Apache-2.0
// flavours: chaos
#include "fuzz/tools/stress.h"

#include <gtest/gtest.h>
#include <signal.h>

#include <cstdlib>
#include <string>
#include <string_view>
#include <variant>

#include "fuzz/input/text.h"

namespace throwsplit::fuzz {
namespace {

constexpr std::string_view kCalls = R"(
procs 2
body main
  spawn worker
  getpid fast
  getpid block
  getpid fast
  nanosleep fast 20us
  spin 20
body worker
  getpid fast
  stw 2
  getpid fast
)";

Input parsed(std::string_view text) {
  auto result = parse(text, {});
  const auto* error = std::get_if<ProgramError>(&result);
  EXPECT_EQ(error, nullptr) << describe(*error, "text");
  return std::get_if<Program>(&result)->input;
}

// Under a plan; what the child printed goes to `printed`.
StressResult under(const char* plan, StressConfig config, std::string* printed = nullptr) {
  setenv("THROWSPLIT_INJECT", plan, 1);
  setenv("THROWSPLIT_INJECT_SEED", "1", 1);
  testing::internal::CaptureStderr();
  const StressResult result = stress(config);
  const std::string text = testing::internal::GetCapturedStderr();
  if (printed != nullptr) *printed = text;
  unsetenv("THROWSPLIT_INJECT");
  unsetenv("THROWSPLIT_INJECT_SEED");
  return result;
}

StressConfig calls(uint64_t runs) {
  StressConfig config;
  config.inputs = {for_real_time(parsed(kCalls))};
  config.seconds = 1000;
  config.runs_max = runs;
  config.stall_seconds = 60;
  return config;
}

TEST(Stress, CalmThreadsFindNothing) {
  const StressResult result = under("", calls(20));
  EXPECT_EQ(result.finding, "");
  EXPECT_EQ(result.runs, 20u);
  EXPECT_EQ(result.threads, 0u);
  EXPECT_EQ(result.fired, 0u);
}

constexpr std::string_view kMoving = R"(
procs 2
stacks mapped
body main
  spawn worker
  web 4
  lend goroutine g1 bytes 64
  spin 10
  call 1024
    web 5
    getpid fast
    callback worker
    call 8192
      stw 1
      nanosleep fast 20us
      blocking 20us
      sleep 20us
      spin 3
    ret
  ret
body worker
  web 2
  spin 10
  getpid block
  wake g0
)";

// On real threads stacks move while others write to lent slots, stop the world and take Ps away.
TEST(Stress, StacksMoveAtEveryCheck) {
  StressConfig config = calls(200);
  config.inputs = {for_real_time(parsed(kMoving))};
  EXPECT_EQ(under("", config).finding, "");
  config.inputs[0].config.flags |= kFlagMoveAtChecks;
  EXPECT_EQ(under("", config).finding, "");
  config.inputs[0].config.flags |= kFlagPreemptAtChecks;
  EXPECT_EQ(under("", config).finding, "");
}

TEST(Stress, APlanMovesStacksOfThreads) {
  StressConfig config = calls(20);
  config.inputs = {for_real_time(parsed(kMoving))};
  const StressResult result = under("mapped_check=50%move;stack_move_copied=20%yield", config);
  EXPECT_EQ(result.finding, "");
  EXPECT_GT(result.fired, 0u);
}

// Each action, each trigger, probability and count, on threads that run goroutines.
TEST(Stress, EachTermFires) {
  constexpr uint64_t kRuns = 10;
  for (const char* plan :
       {"entersyscall_start=yield", "entersyscall_gcwait=yield;entersyscall_start=50%yield",
        "entersyscall_after_publish=sleep(10us)", "exitsyscall_own_p=fail",
        "entersyscall_start=preempt", "exitsyscall_start=every(2)preempt",
        "entersyscall_after_publish=nth(1)stop", "exitsyscall_start=1*stop",
        "stack_alloc=nth(2)fail"}) {
    const StressResult result = under(plan, calls(kRuns));
    EXPECT_EQ(result.finding, "") << plan;
    EXPECT_EQ(result.runs, kRuns) << plan;
    EXPECT_GT(result.threads, 0u) << plan;
    EXPECT_GT(result.fired, 0u) << plan;
  }
}

TEST(Stress, TriggersAndCountsHoldForEachThread) {
  for (const char* plan : {"entersyscall_start=nth(1)yield", "entersyscall_start=1*yield"}) {
    const StressResult once = under(plan, calls(10));
    EXPECT_LE(once.fired, once.threads) << plan;
  }
  EXPECT_EQ(under("entersyscall_start=off", calls(3)).fired, 0u);
  EXPECT_EQ(under("entersyscall_start=0%yield", calls(3)).fired, 0u);
}

// Everybody stands still for good at the first goroutine: the watchdog must say so, and show whom.
TEST(Stress, AHangIsAFindingWithTheStateOfTheWorld) {
  StressConfig config = calls(1);
  config.stall_seconds = 0.2;
  std::string printed;
  const StressResult result = under("execute_window=nth(2)sleep(100s)", config, &printed);
  EXPECT_EQ(result.finding, "no run ended for too long: the World hangs");
  EXPECT_EQ(result.runs, 0u);
  for (const char* words :
       {"SCHED: gcwaiting=", "P0: status=", "P1: status=", "M0: p=", "(sysmon)", "goroutine 1 ["}) {
    EXPECT_NE(printed.find(words), std::string::npos) << words << "\n" << printed;
  }
}

TEST(Stress, ACrashIsAFinding) {
  StressConfig config = calls(10);
  int left = 3;
  config.each_time = [&left] {
    if (--left == 0) raise(SIGKILL);
  };
  const StressResult result = under("", config);
  EXPECT_EQ(result.finding, "killed by Killed");
  EXPECT_EQ(result.runs, 2u);
}

TEST(Stress, APlanThatCannotBeReadIsRefused) {
  setenv("THROWSPLIT_INJECT_SEED", "x", 1);
  testing::internal::CaptureStderr();
  const StressResult result = stress(calls(1));
  EXPECT_EQ(testing::internal::GetCapturedStderr(),
            "throwsplit: THROWSPLIT_INJECT_SEED: expected a number, found 'x'\n");
  unsetenv("THROWSPLIT_INJECT_SEED");
  EXPECT_TRUE(result.refused);
}

TEST(Stress, TimesFitRealMachines) {
  const Input input = for_real_time(parsed("body main\n  pause block\n  sleep 3s\n  sleep 5us\n"));
  EXPECT_EQ(input, parsed("body main\n  nanosleep block 1ms\n  sleep 1ms\n  sleep 5us\n"));
}

}  // namespace
}  // namespace throwsplit::fuzz
