// O8: the stack of a goroutine in a system call is frozen: what enter published stays true.
// SPDX-License-Identifier: Apache-2.0
//
// Whoever scans such a stack starts at the published context. So it must stand when the P is given
// up, when the kernel is entered, and until exit takes it back. Looking when the P is about to be
// given up matters: a context that was lost before is often saved once more later on (GB-06). In
// the kernel it may differ: a blocking function is called by way of the system stack.
#include <array>

#include "fuzz/oracle/oracle.h"

namespace throwsplit::fuzz {

namespace {

class Frozen : public Oracle {
 public:
  const char* name() const override { return "O8"; }
  const char* sentence() const override {
    return "a stack in a system call is frozen: context and bounds stay as enter published them";
  }

  void begin_run() override { entered_ = {}; }

  const char* on_step(const Scene& scene, const inject::Step& step) override {
    bool kernel = is_syscall(step.site);
    if (!kernel && !is_access(step.site, Field::user_word)) return nullptr;
    M* mp = scene.m(step.carrier);
    G* gp = mp == nullptr ? nullptr : mp->curg.peek();
    if (gp == nullptr) return nullptr;
    return kernel ? frozen(gp) : thawed(gp);
  }

  const char* on_event(const Scene& scene, const inject::Step&, Event event, uint32_t a,
                       uint64_t) override {
    if (event != Event::go_syscall && event != Event::go_syscall_exit) return nullptr;
    G* gp = scene.g(a);
    if (gp == nullptr || gp->index >= kOracleGsMax) return nullptr;
    if (event == Event::go_syscall_exit) return thawed(gp);
    entered_[gp->index] = {gp->syscallpc, gp->syscallsp, gp->syscallbp, gp->stack.hi};
    if (gp->sched.pc != gp->syscallpc || gp->sched.sp != gp->syscallsp ||
        gp->sched.bp != gp->syscallbp) {
      return "a P is given up, and the saved context is not the published one";
    }
    return frozen(gp);
  }

 private:
  struct Published {
    uintptr_t pc, sp, bp, hi;
  };

  const char* frozen(G* gp) {
    if (gp->index >= kOracleGsMax) return nullptr;
    const Published& at = entered_[gp->index];
    if (gp->syscallpc != at.pc || gp->syscallsp != at.sp || gp->syscallbp != at.bp) {
      return "the published context changed during a system call";
    }
    if (gp->stack.hi != at.hi) return "a stack moved during a system call";
    if (gp->syscallsp < gp->stack.base || gp->syscallsp >= gp->stack.hi) {
      return "syscallsp does not point into the stack";
    }
    return nullptr;
  }

  const char* thawed(G* gp) {
    return gp->syscallsp == 0 ? nullptr : "syscallsp is still set after the system call";
  }

  std::array<Published, kOracleGsMax> entered_ = {};
};

}  // namespace

std::unique_ptr<Oracle> make_frozen_oracle() { return std::make_unique<Frozen>(); }

}  // namespace throwsplit::fuzz
