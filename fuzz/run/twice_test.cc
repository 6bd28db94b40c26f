// If this fails, a run that differs from itself goes unseen.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/run/twice.h"

#include <gtest/gtest.h>

#include <algorithm>

#include "fuzz/explore/random_walk.h"

namespace throwsplit::fuzz {
namespace {

Op op(OpCode code, uint64_t a = 0, uint64_t b = 0, uint64_t c = 0) {
  return Op{static_cast<uint8_t>(code), {a, b, c}};
}

Input two_spinners() {
  Input input;
  input.bodies.resize(2);
  input.bodies[0].ops = {op(OpCode::kSpawn, 1), op(OpCode::kSpin, 20), op(OpCode::kGetpid)};
  input.bodies[1].ops = {op(OpCode::kSpin, 20), op(OpCode::kStw, 2)};
  input.schedule.strategy = Strategy::kRandom;
  return input;
}

TEST(Twice, EqualInputsAreEqualRuns) {
  Input input = two_spinners();
  for (input.schedule.seed = 0; input.schedule.seed < 200; input.schedule.seed++) {
    const Twice twice = run_twice(input);
    EXPECT_EQ(twice.outcome.verdict, Verdict::pass);
    ASSERT_FALSE(twice.difference.has_value()) << "seed " << input.schedule.seed;
  }
}

// The positive control: a choice that remembers the run before, and so differs in one step.
class Forgetless : public RandomWalk {
 public:
  explicit Forgetless(uint64_t other_at) : RandomWalk(1), other_at_(other_at) {}
  void begin_run(const inject::RunInfo& info) override {
    RandomWalk::begin_run(info);
    runs_++;
    asked_ = 0;
  }
  uint32_t choose(const inject::Menu& menu) override {
    uint32_t usual = RandomWalk::choose(menu);
    asked_++;
    if (runs_ != 2 || asked_ < other_at_) return usual;
    const uint64_t others = menu.enabled & ~inject::mask_of(usual);
    if (others == 0 || done_) return usual;
    done_ = true;
    return inject::mask_first(others);
  }

 private:
  uint64_t other_at_;
  uint64_t asked_ = 0;
  int runs_ = 0;
  bool done_ = false;
};

TEST(Twice, TheFirstDifferentStepIsNamed) {
  uint64_t last = 0;
  for (uint64_t at : {5, 50, 150}) {
    Forgetless choice(at);
    const Twice twice = run_twice(two_spinners(), choice);
    ASSERT_TRUE(twice.difference.has_value()) << "the other answer was number " << at;
    EXPECT_GE(twice.difference->step, at - 1);
    EXPECT_GT(twice.difference->step, last);
    EXPECT_NE(twice.difference->first, twice.difference->second);
    last = twice.difference->step;
    const Outcome finding = as_finding(twice.outcome, *twice.difference);
    EXPECT_EQ(finding.verdict, Verdict::finding);
    EXPECT_EQ(finding.finding.step, twice.difference->step);
  }
}

}  // namespace
}  // namespace throwsplit::fuzz
