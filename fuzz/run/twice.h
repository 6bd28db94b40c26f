// Runs an input twice and compares the two step by step: equal inputs are equal runs.
// SPDX-License-Identifier: Apache-2.0
//
// Determinism is what everything here rests on, so each campaign spends one run in kTwiceEvery on
// it. What breaks it: memory that was never written, an address in a decision or in an order, state
// that outlives a run, a real clock.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "fuzz/run/run.h"

namespace throwsplit::fuzz {

inline constexpr uint64_t kTwiceEvery = 50;

// One step of a run, as far as it must be the same again.
struct StepTaken {
  uint32_t carrier = 0;
  Site site = 0;
  uint32_t object = 0;
  int64_t now_ns = 0;

  bool operator==(const StepTaken&) const = default;
};

// Where the second run left the way of the first. A side is empty where that run had ended.
struct Difference {
  uint64_t step = 0;
  std::optional<StepTaken> first;
  std::optional<StepTaken> second;
};

struct Twice {
  Outcome outcome;  // of the first run
  std::optional<Difference> difference;
};

// `choice` answers both runs, one after the other.
Twice run_twice(const Input& input, inject::Choice& choice, const RunOptions& options = {});
Twice run_twice(const Input& input, const RunOptions& options = {});

// The finding that a difference is; the outcome of a run that has one.
Outcome as_finding(Outcome first, const Difference& difference);

}  // namespace throwsplit::fuzz
