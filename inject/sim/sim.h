// Runs a program of simulated threads on one real thread, deterministically: the simulator's door.
// SPDX-License-Identifier: Apache-2.0
//
// The program is whatever calls os.h and passes hooks: the runtime with a guest in it, or a test.
// Its threads are carriers; see inject/choice.h for who decides and who looks on.
#pragma once

#include <cstdint>
#include <string>
#include <vector>

#include "inject/choice.h"

namespace throwsplit::inject {

struct Plan;

enum class End : uint8_t {
  finished,         // main returned and every carrier is gone
  quiescent,        // nobody can ever act again, yet carriers are left
  steps_exhausted,  // more steps than SimConfig::step_max
  time_exhausted,   // the virtual clock passed SimConfig::now_ns_max
  crashed,          // the program called os_abort
  finding,          // the watcher, or somebody through stop_run, said stop
};
const char* end_name(End end);

struct SimConfig {
  Choice* choice = nullptr;    // null: keep running
  Watcher* watcher = nullptr;  // null: nobody
  const Plan* plan = nullptr;  // null: no faults. Must outlive the run
  uint64_t seed = 0;           // of the die; see SeededDie
  uint64_t step_max = 1'000'000;
  // From this step on Choice is not asked any more: carriers take turns, faults cease.
  uint64_t step_fair = UINT64_MAX;
  int64_t now_ns_start = 1'000'000'000;
  int64_t now_ns_max = INT64_C(1'000'000'000'000'000);
  int64_t step_ns = 50;  // virtual cost of a step
  // os_abort ends the process on the failing stack instead of the run (for fuzz targets: the
  // engine then sees the stack of the failure).
  bool abort_in_place = false;
};

struct SimOutcome {
  End end = End::finished;
  uint64_t trace_hash = 0;
  uint64_t steps = 0;
  uint64_t choices = 0;   // how often Choice was asked
  uint64_t contests = 0;  // of these, how often two or more could act at once
  uint64_t fired = 0;     // how often a term of the plan did
  int64_t now_ns = 0;
  uint32_t carriers = 0;    // ever created
  std::string crash_text;   // what the program printed through os_print
  std::vector<Wait> waits;  // of each carrier at the end
};

// Runs main(arg) as carrier 0. Returns when every carrier is gone or the run is cut short; in that
// case unfinished carriers are abandoned where they stand: no destructor of theirs runs. Needs: not
// inside a run. May be called any number of times, from one thread at a time.
SimOutcome simulate(const SimConfig& config, void (*main)(void*), void* arg);

// ---- For those who look at a run from inside ----------------------------------------------------

bool in_simulation();        // a run is going on and the caller stands on one of its carriers
uint32_t current_carrier();  // kNobody outside
// Ends the run at the next step with End::finding. For watchers and for host code called by them.
void stop_run();
// Virtual time and step number as they stand, 0 outside a run. No step.
int64_t run_now_ns();
uint64_t run_step();
// What each carrier waits for, now. Valid until the next step.
const Wait* run_waits(uint32_t* count);

// Gives pooled stacks and memory back to the kernel. Between runs only.
void sim_trim();

}  // namespace throwsplit::inject
