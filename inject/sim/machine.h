// The simulated machine: the state of a run, and the handler that every step of it passes through.
// SPDX-License-Identifier: Apache-2.0
//
// A step: the running carrier stands before an access, at a point, or before a kernel call. The
// handler hashes it, shows it to the watcher, asks who goes on, and leaves for that carrier. A
// kernel call takes effect when its carrier is chosen; if it must wait, the carrier drops out and
// another is chosen.
//
// All of this runs on the host's stack (below the frame that called simulate) and, for
// ThreadSanitizer, on the host's fiber: what the machine does to its own state is no race between
// carriers.
#pragma once

#include <cstdint>

#include "inject/arm.h"
#include "inject/sim/carrier.h"
#include "inject/sim/clock.h"
#include "inject/sim/memory.h"
#include "inject/sim/pipe.h"
#include "inject/sim/request.h"
#include "inject/sim/sim.h"
#include "inject/sim/trace_hash.h"

namespace throwsplit::inject {

// How a request came out when its carrier was chosen.
enum class Progress : uint8_t { done, waits };

class Machine final : public Waiting {
 public:
  SimOutcome run(const SimConfig& config, void (*main)(void*), void* arg);

  // ---- For os_sim.cc, on a carrier ----
  bool on_carrier() const { return on_carrier_; }
  uint32_t running() const { return on_carrier_ ? running_ : kNobody; }
  HookContext* running_context() { return on_carrier_ ? &carriers_[running_] : nullptr; }
  // Asks for it and returns once it has come about.
  void ask(Request* request);
  int64_t read_clock();
  uint64_t may_ask() const;
  bool is_armed(Fault fault) const {
    return arm_.armed_at(Where::kKernel, static_cast<uint8_t>(fault));
  }
  void print(const char* text, size_t bytes);
  [[noreturn]] void abort();
  void note_created(uintptr_t handle);
  void note_joined(uintptr_t handle);
  void own_stack_bounds(uintptr_t* lo, uintptr_t* hi) const;

  // ---- For host code between steps ----
  Memory& memory() { return memory_; }
  int64_t now_ns() const { return running_a_run_ ? clock_.now_ns() : 0; }
  uint64_t steps() const { return running_a_run_ ? steps_ : 0; }
  const Wait* waits(uint32_t* count) override;
  void stop() {
    stop_asked_ = true;
    attention_step_ = 0;
  }
  void trim();

 private:
  static HookContext* on_hook(HookContext* self, uint32_t site, uint32_t object, uint64_t extra);
  static void carrier_main(void* arg);

  // machine.cc: a run, a step.
  void begin(const SimConfig& config);
  SimOutcome finish();
  void arrive(Carrier& carrier);
  HookContext* told(Carrier& carrier, Site site, uint32_t object, uint64_t extra);
  HookContext* step(Carrier& carrier, Site site, uint32_t object, uint64_t extra);
  HookContext* schedule(Menu& menu);
  uint32_t choose(Menu& menu);
  HookContext* go_on(Carrier& carrier);
  HookContext* end_with(End end);
  bool ends(End end);
  bool attend();
  void turn_clock(int64_t to_ns);
  bool turn_idle_clock(const Menu& menu);
  void wake_due();
  void at_point(Carrier& carrier, const Menu& menu);
  void yield(Carrier& carrier);
  void settle_yields(uint32_t chosen);
  static uint32_t take_turns(const Menu& menu);

  // waiting.cc: who waits, threads, futexes, sleeps; calls that take effect at once.
  HookContext* take_now(Carrier& carrier, Site site, Request* request);
  Progress perform(Carrier& carrier, Request& request);
  void wait(Carrier& carrier, WaitKind kind, uint32_t object, int64_t due_ns);
  void hold_up(Carrier& carrier, int64_t ns);
  void wake(Carrier& carrier);
  Carrier* create(void (*fn)(void*), void* arg, size_t stack_bytes);
  void exit(Carrier& carrier);
  Progress thread_create(Request& request);
  Progress thread_join(Carrier& carrier, Request& request);
  Progress futex_sleep(Carrier& carrier, Request& request);
  Progress futex_wake(Request& request);
  Carrier* futex_sleeper(uint32_t* word);
  Progress usleep(Carrier& carrier, Request& request);
  void sleep_until(Carrier& carrier, int64_t due_ns);
  void memory_call(Request& request);
  Die& die() { return choice_ != nullptr ? static_cast<Die&>(*choice_) : own_die_; }
  const FailTerm* fault(Fault fault);

  // kernel.cc: system calls by number.
  Progress syscall(Carrier& carrier, Request& request);
  bool syscall_fault(Carrier& carrier, Request& request, Progress* progress);
  Progress nanosleep(Carrier& carrier, Request& request);
  Progress pause(Carrier& carrier, Request& request);
  Progress pipe(Request& request);
  Progress read(Carrier& carrier, Request& request);
  Progress write(Carrier& carrier, Request& request);
  Progress close(Request& request);
  Progress wait_for_pipe(Carrier& carrier, Request& request, Pipe& pipe, bool writes);
  bool interrupted(Request& request);
  size_t shortened(size_t bytes);
  void wake_all(uint64_t* waiting);

  // What a step touches, together.
  bool on_carrier_ = false;
  bool fair_ = false;
  bool stop_asked_ = false;
  bool running_a_run_ = false;
  uint32_t running_ = kNobody;
  Choice* choice_ = nullptr;
  Watcher* watcher_ = nullptr;
  uint64_t enabled_ = 0;
  uint64_t yielded_ = 0;
  uint64_t steps_ = 0;
  uint64_t attention_step_ = 0;  // from this step on attend() has something to say
  int64_t step_ns_ = 0;
  uint64_t choices_ = 0;
  uint64_t contests_ = 0;
  uint64_t fired_ = 0;  // by terms that are disarmed by now
  TraceHash hash_;
  Clock clock_;
  HookHost host_;
  HookContext home_;
  uint32_t created_ = 0;  // slots in use; numbers 0..created_-1
  uint32_t live_ = 0;
  uint64_t futex_turns_ = 0;
  Arm arm_;
  SeededDie own_die_;
  Files files_;
  Memory memory_;
  SimConfig config_;
  End end_ = End::finished;
  ThreadState* thread_state_ = nullptr;  // the real thread's
  ThreadState home_state_;

  static constexpr size_t kTextBytes = 64 * 1024;
  size_t text_bytes_ = 0;
  char text_[kTextBytes] = {};
  Wait waits_[kCarriersMax];
  uint32_t visits_[kSiteIndexes] = {};
  Carrier carriers_[kCarriersMax];
};

// What a fault's term says, or `plain` when it asks for the fault in its plain form.
inline int64_t fault_argument(const FailTerm& term, Action action, int64_t plain) {
  return term.action == action ? static_cast<int64_t>(term.argument) : plain;
}
inline constexpr int64_t kLateNsPlain = 50'000;

inline constexpr long kSchedYield = 24;  // Linux's number

// The one machine of the process, made at first use, never destroyed.
Machine& machine();

}  // namespace throwsplit::inject
