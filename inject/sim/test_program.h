// For tests: runs a lambda as carrier 0, threads from lambdas, and strategies of a line.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "inject/fail_term.h"
#include "inject/plan.h"
#include "inject/sim/sim.h"
#include "runtime/hook/hook.h"
#include "runtime/os/os.h"

namespace throwsplit::inject {

template <typename Body>
SimOutcome simulate_body(Body body, const SimConfig& config = {}) {
  return simulate(config, [](void* arg) { (*static_cast<Body*>(arg))(); }, &body);
}

// Needs: the body outlives the thread.
template <typename Body>
OsThread start(Body& body) {
  OsThread thread;
  if (!os_thread_create(&thread, [](void* arg) { (*static_cast<Body*>(arg))(); }, &body, 0)) {
    thread.handle = 0;
  }
  return thread;
}

// A place where anybody may run.
inline void step_here() { hook_site(site_of(Field::user_word, Access::load), 0); }

// At each choice any that can act or be due.
class Walk : public Choice {
 public:
  explicit Walk(uint64_t seed) : seed_(seed) {}
  void begin_run(const RunInfo&) override { die_.seed(seed_); }
  uint32_t choose(const Menu& menu) override {
    uint64_t can = menu.enabled | menu.timed;
    return mask_nth(can, die_.pick(mask_count(can), 0));
  }

 private:
  uint64_t seed_;
  SeededDie die_;
};

inline FailTerm fault_term(Fault fault, Action action, uint64_t argument = 0) {
  FailTerm term;
  term.where = Where::kKernel;
  term.number = static_cast<uint8_t>(fault);
  term.action = action;
  term.argument = argument;
  return term;
}

inline FailTerm point_term(Point point, Action action, uint64_t argument = 0) {
  FailTerm term;
  term.number = static_cast<uint8_t>(point);
  term.action = action;
  term.argument = argument;
  return term;
}

}  // namespace throwsplit::inject
