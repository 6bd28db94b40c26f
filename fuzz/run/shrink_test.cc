// If this fails, a minimized file fails otherwise than the file it came from, or is not small.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/shrink.h"

#include <gtest/gtest.h>

#include <string_view>

#include "fuzz/input/text.h"
#include "runtime/trace/trace.h"

namespace throwsplit::fuzz {
namespace {

// What is needed for a call to come back and find no P, amid things that are not.
constexpr std::string_view kNoisy = R"(
procs 2
body main
  spawn worker
  getpid fast
  spawn bystander
  spawn caller
  spin 20
  grow 512
  hog 40
  wake g2
  sleep 2us
  hog 60
body worker
  call 256
    hog 50
    getpid block
  ret
  hog 60
body bystander
  park
  getpid fast
body caller
  nanosleep fast 30us
  checksum
  getpid fast
faults
  futex_spurious_wake=1%spurious
  point_0x0c=nth(900)preempt
schedule random seed 7
)";

Input parsed(std::string_view text) {
  auto result = parse(text, {});
  const auto* error = std::get_if<ProgramError>(&result);
  EXPECT_EQ(error, nullptr) << describe(*error, "kNoisy");
  return std::get_if<Program>(&result)->input;
}

class QueuedCounter : public inject::Watcher {
 public:
  bool on_event(const inject::Step&, Event event, uint32_t, uint64_t) override {
    if (event == Event::go_syscall_queued) queued = true;
    if (event == Event::go_create) created++;
    return false;
  }
  bool queued = false;
  uint32_t created = 0;
};

// A stand-in for a bug: a call that comes back finds no P.
Trial queued(const Input& input) {
  QueuedCounter counter;
  RunOptions options;
  options.record_switches = true;
  options.also = &counter;
  const Outcome outcome = run(input, options);
  return {counter.queued ? "O0: queued" : "", counter.created - 1, outcome.switches};
}

ShrinkOptions stand_in() {
  ShrinkOptions options;
  options.probe = queued;
  return options;
}

Input noisy_that_fails() {
  Input input = parsed(kNoisy);
  while (queued(input).signature.empty())
    input.schedule.seed++;
  return input;
}

TEST(Shrink, WhatPassesIsLeftAlone) {
  EXPECT_FALSE(shrink(parsed("body main\n  getpid fast\n")).has_value());
  EXPECT_FALSE(shrink(parsed(kNoisy)).has_value());  // the unbroken runtime, by the real probe
}

TEST(Shrink, EachPartShrinksAndTheSignatureStays) {
  const auto shrunk = shrink(noisy_that_fails(), stand_in());
  ASSERT_TRUE(shrunk.has_value());
  EXPECT_TRUE(is_valid(shrunk->input));
  EXPECT_EQ(queued(shrunk->input).signature, "O0: queued");
  EXPECT_EQ(shrunk->before.goroutines, 4u);
  EXPECT_EQ(shrunk->before.ops, op_count(noisy_that_fails()));
  EXPECT_EQ(shrunk->before.faults, 2u);
  EXPECT_GT(shrunk->before.rows, 5u);
  EXPECT_LE(shrunk->after.goroutines, 3u);
  EXPECT_LE(shrunk->after.ops, 6u);
  EXPECT_EQ(shrunk->after.faults, 0u);
  EXPECT_LE(shrunk->after.rows, 5u);
  EXPECT_EQ(shrunk->after.ops, op_count(shrunk->input));
}

TEST(Shrink, EqualInputsShrinkEqually) {
  const auto first = shrink(noisy_that_fails(), stand_in());
  const auto again = shrink(noisy_that_fails(), stand_in());
  ASSERT_TRUE(first && again);
  EXPECT_EQ(first->input, again->input);
  EXPECT_EQ(first->runs, again->runs);
}

TEST(Shrink, ShortOfRunsTheAnswerStillFails) {
  for (const uint64_t runs : {1, 2, 10, 100}) {
    ShrinkOptions options = stand_in();
    options.runs_max = runs;
    const auto shrunk = shrink(noisy_that_fails(), options);
    ASSERT_TRUE(shrunk.has_value());
    EXPECT_EQ(queued(shrunk->input).signature, "O0: queued");
    EXPECT_LE(shrunk->runs, runs + 8);
  }
}

TEST(Shrink, ShortOfTimeToo) {
  ShrinkOptions options = stand_in();
  int left = 50;
  options.is_enough = [&left] { return left-- <= 0; };
  const auto shrunk = shrink(noisy_that_fails(), options);
  ASSERT_TRUE(shrunk.has_value());
  EXPECT_EQ(queued(shrunk->input).signature, "O0: queued");
  EXPECT_LE(shrunk->runs, 50u + 8);
}

// A fault that is needed stays, though the program around it goes.
TEST(Shrink, ANeededFaultStays) {
  ShrinkOptions options;
  options.probe = [](const Input& input) {
    Trial trial = queued(input);
    trial.signature = input.plan.terms.empty() ? "" : "O0: armed";
    return trial;
  };
  const auto shrunk = shrink(parsed(kNoisy), options);
  ASSERT_TRUE(shrunk.has_value());
  EXPECT_EQ(shrunk->after, (Size{1, 0, 1, 0}));
}

// A fault that a die decides becomes one that needs none.
TEST(Shrink, DiceOfFaultsAreSettled) {
  Input input = parsed(R"(
procs 1
body main
  getpid fast
  getpid fast
  getpid fast
faults
  point_0x17=40%fail
)");
  while (queued(input).signature.empty())
    input.schedule.seed++;
  ShrinkOptions options;
  options.probe = [](const Input& tried) {
    return tried.plan.terms.empty() ? Trial() : queued(tried);
  };
  const auto shrunk = shrink(input, options);
  ASSERT_TRUE(shrunk.has_value());
  ASSERT_EQ(shrunk->after.faults, 1u);
  EXPECT_EQ(shrunk->input.plan.terms[0].probability_ppm, inject::kPpmMax);
  EXPECT_EQ(shrunk->after.ops, 1u);
  EXPECT_EQ(shrunk->input.schedule.seed, 0u);
}

}  // namespace
}  // namespace throwsplit::fuzz
