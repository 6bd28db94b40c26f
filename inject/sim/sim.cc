// Runs a program of simulated threads on one real thread, deterministically: the simulator's door.
// SPDX-License-Identifier: Apache-2.0
#include "inject/sim/sim.h"

#include <unistd.h>

#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "inject/plan.h"
#include "inject/sim/assert.h"
#include "inject/sim/machine.h"

namespace throwsplit::inject {

namespace {

void write_to_stderr(const char* text, size_t bytes) {
  if (::write(STDERR_FILENO, text, bytes) < 0) return;  // nobody is left to be told
}

// Its name tells crash deduplication to look at the frames above it.
[[noreturn]] NOINLINE void simulated_program_assert_failed() { ::abort(); }

}  // namespace

void sim_assert_failed(const char* text) {
  constexpr char kHead[] = "ASSERTION FAILED: ";
  write_to_stderr(kHead, sizeof kHead - 1);
  write_to_stderr(text, strlen(text));
  write_to_stderr("\n", 1);
  ::abort();
}

SimOutcome simulate(const SimConfig& config, void (*main)(void*), void* arg) {
  return machine().run(config, main, arg);
}

bool in_simulation() { return machine().on_carrier(); }
uint32_t current_carrier() { return machine().running(); }
void stop_run() { machine().stop(); }
int64_t run_now_ns() { return machine().now_ns(); }
uint64_t run_step() { return machine().steps(); }
const Wait* run_waits(uint32_t* count) { return machine().waits(count); }
void sim_trim() { machine().trim(); }

const char* end_name(End end) {
  switch (end) {
    case End::finished:        return "finished";
    case End::quiescent:       return "nobody can act any more";
    case End::steps_exhausted: return "out of steps";
    case End::time_exhausted:  return "out of time";
    case End::crashed:         return "crashed";
    case End::finding:         return "stopped with a finding";
  }
  return "?";
}

// ---- The machine, as os_sim.cc sees it on a carrier ---------------------------------------------

void Machine::ask(Request* request) {
  uint32_t object = 0;
  // A descriptor is as good as an object's number; anything else might be an address.
  if (request->site >= kSyscallSites && request->a[0] >= 0 && request->a[0] < kFilesMax) {
    object = static_cast<uint32_t>(request->a[0]);
  }
  hook_call(request->site, object, reinterpret_cast<uint64_t>(request));
}

// Not a step: who reads the clock tells nobody. But what it reads steers it, so it is hashed.
int64_t Machine::read_clock() {
  if (!running_a_run_) return 0;
  if (on_carrier_) hash_.mix(static_cast<uint64_t>(clock_.now_ns()));
  return clock_.now_ns();
}

uint64_t Machine::may_ask() const {
  return config_.plan != nullptr ? inject::may_ask(config_.plan->terms) : kActNothing;
}

void Machine::print(const char* text, size_t bytes) {
  size_t room = kTextBytes - text_bytes_;
  if (bytes > room) bytes = room;
  char* to = text_ + text_bytes_;
  text_bytes_ += bytes;
  // Not memcpy: ThreadSanitizer would take the text for a word that carriers race on.
  asm volatile("rep movsb" : "+D"(to), "+S"(text), "+c"(bytes) : : "memory");
}

void Machine::abort() {
  if (config_.abort_in_place) {
    write_to_stderr(text_, text_bytes_);
    simulated_program_assert_failed();
  }
  Request request;
  request.site = site_of(Call::abort);
  ask(&request);
  __builtin_trap();  // an abandoned carrier is never chosen again
}

void Machine::own_stack_bounds(uintptr_t* lo, uintptr_t* hi) const {
  *lo = *hi = 0;
  if (!on_carrier_) return;
  *lo = carriers_[running_].stack_lo;
  *hi = *lo + carriers_[running_].stack_bytes;
}

void Machine::trim() {
  SIM_ASSERT(!running_a_run_);
  for (Carrier& carrier : carriers_)
    carrier.release_stack();
  memory_.trim();
}

}  // namespace throwsplit::inject
