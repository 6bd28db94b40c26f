// Stress: programs on real threads and the real kernel, over and over, with a watchdog.
// SPDX-License-Identifier: Apache-2.0
//
// What a simulated run proves by one schedule, this only makes likely; it is the measure that the
// simulator has to beat, and it meets what the simulator's kernel and memory leave out. Runs in a
// child process, so that a crash, a hang or a sanitizer's report is an answer and not the end.
#pragma once

#include <cstddef>
#include <cstdint>
#include <functional>
#include <string>
#include <vector>

#include "fuzz/input/input.h"

namespace throwsplit::fuzz {

struct StressConfig {
  std::vector<Input> inputs;  // run in turn; at least one
  double seconds = 10;
  uint64_t runs_max = 0;            // 0: no limit
  double stall_seconds = 10;        // without the end of a run: a hang
  std::function<void()> each_time;  // in the child, before each run
};

struct StressResult {
  uint64_t runs = 0;
  uint64_t threads = 0;  // Ms that a plan armed
  uint64_t fired = 0;    // visits of points at which something happened
  double seconds = 0;
  size_t input = 0;      // where it ended
  std::string finding;   // "" where there is none
  bool refused = false;  // the child said why it cannot run; nothing was tried
};

// Obeys THROWSPLIT_INJECT and THROWSPLIT_INJECT_SEED (inject/chaos.h); faults of the inputs' own
// plans are the simulator's. SIGQUIT to the child prints the state of the World and it goes on.
StressResult stress(const StressConfig& config);

// The input as a real machine can run it often: times cut to a millisecond, calls that never return
// made into ones that do.
Input for_real_time(Input input);

}  // namespace throwsplit::fuzz
