// O2: a goroutine runs on at most one M, on a stack of its own, and its status says where it is.
// SPDX-License-Identifier: Apache-2.0
#include "fuzz/oracle/oracle.h"

namespace throwsplit::fuzz {

namespace {

class Execution : public Oracle {
 public:
  const char* name() const override { return "O2"; }
  const char* sentence() const override {
    return "each goroutine runs on at most one M, on a stack of its own, and is on at most one "
           "queue";
  }

  const char* on_event(const Scene& scene, const inject::Step& step, Event event, uint32_t a,
                       uint64_t) override {
    switch (event) {
      case Event::go_start:
        if (const char* text = queues(scene.w())) return text;
        if (const char* text = own_stack(scene, a)) return text;
        return runs_once(scene, step.carrier, a);
      case Event::safe_point:
      case Event::go_syscall_exit: return runs_once(scene, step.carrier, a);
      case Event::stack_move:      return moved(scene, step.carrier, a);
      case Event::stack_shrink:    return own_stack(scene, a);
      case Event::go_end:
      case Event::go_park:         return queues(scene.w());
      default:                     return nullptr;
    }
  }

 private:
  const char* moved(const Scene& scene, uint32_t carrier, uint32_t g) {
    if (const char* text = own_stack(scene, g)) return text;
    M* mp = scene.m(carrier);
    G* gp = mp == nullptr ? nullptr : mp->curg.peek();
    // In a system call it may not move at all: O8.
    if (gp != nullptr && gp->index == g) {
      return gp->syscallsp != 0 ? nullptr : runs_once(scene, carrier, g);
    }
    gp = scene.g(g);
    if (gp == nullptr || (gp->atomicstatus.peek() & Gscan) != 0) return nullptr;
    return "a stack is moved by somebody who has not claimed it";
  }

  // To run is to own a stack, the reserve below its guard too; so nobody else may have a byte of
  // it.
  const char* own_stack(const Scene& scene, uint32_t g) {
    G* gp = scene.g(g);
    if (gp == nullptr) return nullptr;
    const uintptr_t reserve = gp->mapped ? StackMappedReserve : StackReserve;
    if (gp->stack.base != 0 && gp->stack.lo + gp->stack.guard_bytes < gp->stack.base + reserve) {
      return "a stack has no reserve below its guard";
    }
    for (G* other = scene.w().sched.allgs; other != nullptr; other = other->alllink) {
      if (other == gp || other->stack.base == 0) continue;
      if (other->stack.base < gp->stack.hi && gp->stack.base < other->stack.hi) {
        return "two goroutines have one stack";
      }
    }
    return nullptr;
  }

  const char* runs_once(const Scene& scene, uint32_t carrier, uint32_t g) {
    M* mp = scene.m(carrier);
    G* gp = mp == nullptr ? nullptr : mp->curg.peek();
    if (gp == nullptr || gp->index != g) return "an M runs a goroutine that is not its own";
    if (plainstatus(gp) != Grunning) return "a goroutine runs, but its status denies it";
    if (gp->lockedm != nullptr && gp->lockedm != mp) return "a tied goroutine runs on another M";
    if (mp->lockedg != nullptr && mp->lockedg != gp) return "a tied M runs another goroutine";
    uint32_t runners = 0;
    for_each_m(scene.w(), [&](M* other) {
      if (other->curg.peek() == gp) runners++;
    });
    return runners == 1 ? nullptr : "two Ms run one goroutine";
  }

  const char* seen(G* gp) {
    if (gp->index >= kOracleGsMax) return nullptr;
    if (plainstatus(gp) != Grunnable) return "a goroutine on a run queue is not runnable";
    if ((on_queue_ >> gp->index & 1) != 0) return "a goroutine is on two run queues";
    on_queue_ |= uint64_t{1} << gp->index;
    return nullptr;
  }

  const char* queues(World& world) {
    on_queue_ = 0;
    for (uint32_t i = 0; i < world.settings.procs; i++) {
      P* pp = &world.allp[i];
      const uint32_t head = pp->runqhead.peek();
      const uint32_t count = pp->runqtail.peek() - head;
      if (count > kRunqCount) return "a queue holds more goroutines than it has room for";
      for (uint32_t at = head; at != head + count; at++) {
        if (const char* text = seen(pp->runq[at % kRunqCount].peek())) return text;
      }
    }
    for (G* gp = world.sched.runq.head(); gp != nullptr; gp = gp->schedlink) {
      if (const char* text = seen(gp)) return text;
    }
    return nullptr;
  }

  uint64_t on_queue_ = 0;
};

}  // namespace

std::unique_ptr<Oracle> make_execution_oracle() { return std::make_unique<Execution>(); }

}  // namespace throwsplit::fuzz
