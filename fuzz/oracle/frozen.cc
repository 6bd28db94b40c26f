// O8: the stack of a goroutine in a system call is frozen: what enter published stays true.
// SPDX-License-Identifier: Apache-2.0
//
// Whoever scans such a stack starts at the published context. So it must stand when the P is given
// up, when the kernel is entered, and until exit takes it back. Looking when the P is about to be
// given up matters: a context that was lost before is often saved once more later on (GB-06). In
// the kernel it may differ: a blocking function is called by way of the system stack.
//
// The six arguments may be pointers into the stack, and nobody knows which: what the stub keeps of
// them must reach the kernel as it was when the P was given up, and be there still on the way out.
#include <array>

#include "fuzz/oracle/oracle.h"
#include "fuzz/oracle/stack_words.h"

namespace throwsplit::fuzz {

namespace {

class Frozen : public Oracle {
 public:
  const char* name() const override { return "O8"; }
  const char* sentence() const override {
    return "a stack in a system call is frozen: context, bounds and arguments stay as they were";
  }

  void begin_run() override { entered_ = {}; }

  const char* on_step(const Scene& scene, const inject::Step& step) override {
    bool kernel = is_syscall(step.site);
    if (!kernel && !is_access(step.site, Field::user_word)) return nullptr;
    M* mp = scene.m(step.carrier);
    G* gp = mp == nullptr ? nullptr : mp->curg.peek();
    if (gp == nullptr) return nullptr;
    return kernel ? at_the_kernel(gp) : thawed(gp);
  }

  const char* on_event(const Scene& scene, const inject::Step&, Event event, uint32_t a,
                       uint64_t) override {
    if (event == Event::stack_move) return unmoved(scene.g(a));
    if (event != Event::go_syscall && event != Event::go_syscall_exit) return nullptr;
    G* gp = scene.g(a);
    if (gp == nullptr || gp->index >= kOracleGsMax) return nullptr;
    if (event == Event::go_syscall_exit) return back(gp);
    enter(gp);
    if (gp->sched.pc != gp->syscallpc || gp->sched.sp != gp->syscallsp ||
        gp->sched.bp != gp->syscallbp) {
      return "a P is given up, and the saved context is not the published one";
    }
    return frozen(gp);
  }

 private:
  struct Published {
    uintptr_t pc, sp, bp;
    StackRange stack;
    std::array<uintptr_t, kStubArguments> arguments;
    bool was_in_stub;  // when the kernel was entered: then these are arguments
  };

  void enter(G* gp) {
    Published& at = entered_[gp->index];
    at = {gp->syscallpc, gp->syscallsp, gp->syscallbp, gp->stack, {}, false};
    for (uint32_t i = 0; i < kStubArguments; i++)
      at.arguments[i] = stub_argument(gp->syscallsp, i);
  }

  const char* frozen(G* gp) {
    if (gp->index >= kOracleGsMax) return nullptr;
    const Published& at = entered_[gp->index];
    if (gp->syscallpc != at.pc || gp->syscallsp != at.sp || gp->syscallbp != at.bp) {
      return "the published context changed during a system call";
    }
    if (gp->stack.hi != at.stack.hi || gp->stack.base != at.stack.base) {
      return "a stack moved during a system call";
    }
    if (gp->stack.lo != at.stack.lo || gp->stack.guard_bytes != at.stack.guard_bytes) {
      return "the guard of a stack moved during a system call";
    }
    if (gp->syscallsp < gp->stack.base || gp->syscallsp >= gp->stack.hi) {
      return "syscallsp does not point into the stack";
    }
    return nullptr;
  }

  // The first is the number, where the stub keeps the result once it has one.
  const char* arguments(const Published& at, uint32_t first) {
    for (uint32_t i = first; i < kStubArguments; i++) {
      if (stub_argument(at.sp, i) == at.arguments[i]) continue;
      return "the arguments of a system call changed on the way";
    }
    return nullptr;
  }

  const char* at_the_kernel(G* gp) {
    if (const char* text = frozen(gp)) return text;
    if (gp->index >= kOracleGsMax || !is_in_stub(gp)) return nullptr;
    entered_[gp->index].was_in_stub = true;
    return arguments(entered_[gp->index], 0);
  }

  static const char* unmoved(G* gp) {
    if (gp == nullptr || gp->syscallsp == 0) return nullptr;
    return "a stack moved during a system call";
  }

  const char* thawed(G* gp) {
    return gp->syscallsp == 0 ? nullptr : "syscallsp is still set after the system call";
  }

  const char* back(G* gp) {
    if (const char* text = thawed(gp)) return text;
    const Published at = entered_[gp->index];
    entered_[gp->index].was_in_stub = false;
    if (gp->stack.hi != at.stack.hi) return "a stack moved during a system call";
    return at.was_in_stub ? arguments(at, 1) : nullptr;
  }

  std::array<Published, kOracleGsMax> entered_ = {};
};

}  // namespace

std::unique_ptr<Oracle> make_frozen_oracle() { return std::make_unique<Frozen>(); }

}  // namespace throwsplit::fuzz
