// From an input that fails to a small one that fails in the same way: delta debugging.
// SPDX-License-Identifier: Apache-2.0
//
// Four parts shrink one after the other, the ones that cost a reader most first: goroutines, ops
// (and their numbers), faults (and their dice), the rows of the schedule; again from the start as
// long as that helps.
//
// A row says "at the third visit of this site": cut an op out of the program, and the rows behind
// it mean something else. So a candidate that passes under the schedule at hand is given a number
// of random schedules before it counts as one that passes, and the first that fails becomes the
// schedule at hand.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <vector>

#include "fuzz/run/run.h"

namespace throwsplit::fuzz {

// One run, as shrinking sees it.
struct Trial {
  std::string signature;  // "" where nothing was found
  uint32_t goroutines = 0;
  std::vector<ScheduleRow> switches;  // as of RunOptions::record_switches
};
using Probe = std::function<Trial(const Input&)>;
Trial probe(const Input& input);  // by run()

struct Size {
  uint64_t goroutines = 0;  // that the run made, main among them
  uint64_t ops = 0;
  uint64_t faults = 0;
  uint64_t rows = 0;  // switches that keep running would not have made

  bool operator==(const Size&) const = default;
};

struct ShrinkOptions {
  uint64_t runs_max = 100'000;  // then the best so far is the answer
  uint32_t searches = 200;      // random schedules for each candidate
  Probe probe = fuzz::probe;
  std::function<bool()> is_enough;  // asked before each run; true: the best so far is the answer
};

struct Shrunk {
  Input input;            // valid; fails with the signature
  std::string signature;  // what all of it was measured by
  Size before, after;
  uint64_t runs = 0;
};

// Nothing: the input passes. Equal inputs and options shrink equally, unless `is_enough` looks at
// the clock.
std::optional<Shrunk> shrink(const Input& input, const ShrinkOptions& options = {});

}  // namespace throwsplit::fuzz
