// If this fails, what ends the process cannot be minimized, or is taken for something else.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/probe_forked.h"

#include <gtest/gtest.h>
#include <signal.h>
#include <stdio.h>

#include <algorithm>
#include <string_view>

#include "fuzz/input/text.h"

namespace throwsplit::fuzz {
namespace {

Input parsed(std::string_view text) {
  auto result = parse(text, {});
  const auto* error = std::get_if<ProgramError>(&result);
  EXPECT_EQ(error, nullptr) << describe(*error, "text");
  return std::get_if<Program>(&result)->input;
}

constexpr std::string_view kCalls = R"(
procs 2
body main
  spawn caller
  getpid fast
  getpid block
body caller
  getpid fast
schedule random seed 3
)";

// Ends the process the first time that a goroutine hands its P off; prints first, if told to.
class Killer : public inject::Watcher {
 public:
  explicit Killer(const char* words) : words_(words) {}
  bool on_event(const inject::Step&, Event event, uint32_t, uint64_t) override {
    if (event != Event::proc_handoff) return false;
    fputs(words_, stderr);
    fflush(stderr);
    raise(SIGKILL);
    return false;
  }

 private:
  const char* words_;
};

TEST(ProbeForked, SaysWhatProbeSays) {
  const Input input = parsed(kCalls);
  const Trial here = probe(input);
  const Trial there = probe_forked(input);
  EXPECT_EQ(there.signature, "");
  EXPECT_EQ(there.signature, here.signature);
  EXPECT_EQ(there.goroutines, here.goroutines);
  EXPECT_EQ(there.switches, here.switches);
}

TEST(ProbeForked, ADeathIsAnAnswerWithTheRowsUpToIt) {
  const Input input = parsed(kCalls);
  Killer killer("");
  const Trial trial = probe_forked(input, &killer);
  EXPECT_EQ(trial.signature, "killed by Killed");
  EXPECT_EQ(trial.goroutines, 2u);
  const std::vector<ScheduleRow> whole = probe(input).switches;
  ASSERT_LE(trial.switches.size(), whole.size());
  EXPECT_TRUE(std::equal(trial.switches.begin(), trial.switches.end(), whole.begin()));
}

TEST(ProbeForked, TheSummaryOfASanitizerIsTheSignature) {
  Killer killer("==1==ERROR\n  #0 somewhere\nSUMMARY: ASanitizer: a race at x\nABORTING\n");
  EXPECT_EQ(probe_forked(parsed(kCalls), &killer).signature, "ASanitizer: a race at x");
}

// Of a death, too, only what leads to it is kept.
TEST(ProbeForked, ADeathShrinks) {
  ShrinkOptions options;
  options.searches = 5;
  options.runs_max = 2000;
  options.probe = [](const Input& input) {
    Killer killer("");
    return probe_forked(input, &killer);
  };
  const auto shrunk = shrink(parsed(kCalls), options);
  ASSERT_TRUE(shrunk.has_value());
  EXPECT_EQ(shrunk->signature, "killed by Killed");
  EXPECT_EQ(shrunk->after.goroutines, 1u);
  EXPECT_LE(shrunk->after.ops, 1u);
}

}  // namespace
}  // namespace throwsplit::fuzz
