// O7: throwsplit is up, guard poisoned and P given up in a system call, and in no other place.
// SPDX-License-Identifier: Apache-2.0
//
// That a split between enter and exit dies is the runtime's own doing; this oracle watches that the
// trap is set whenever the kernel is entered, and taken down when the goroutine runs again.
#include "fuzz/oracle/oracle.h"

namespace throwsplit::fuzz {

namespace {

class Split : public Oracle {
 public:
  const char* name() const override { return "O7"; }
  const char* sentence() const override {
    return "no stack splits in a system call: throwsplit is up exactly from enter to exit";
  }

  const char* on_step(const Scene& scene, const inject::Step& step) override {
    bool kernel = is_syscall(step.site);
    if (!kernel && !is_access(step.site, Field::user_word)) return nullptr;
    M* mp = scene.m(step.carrier);
    G* gp = mp == nullptr ? nullptr : mp->curg.peek();
    if (gp == nullptr) return nullptr;
    return kernel ? in_call(mp, gp) : running(gp);
  }

  const char* on_event(const Scene& scene, const inject::Step&, Event event, uint32_t a,
                       uint64_t) override {
    if (event != Event::go_syscall_exit) return nullptr;
    G* gp = scene.g(a);
    return gp == nullptr ? nullptr : running(gp);
  }

 private:
  const char* in_call(M* mp, G* gp) {
    if (plainstatus(gp) != Gsyscall) return "a goroutine is in the kernel, but not Gsyscall";
    if (!gp->throwsplit) return "throwsplit is down in a system call";
    if (gp->stackguard0.peek() != StackPreempt) return "the guard is clean in a system call";
    if (mp->p.peek() != nullptr) return "an M keeps its P in a system call";
    return nullptr;
  }

  const char* running(G* gp) {
    return gp->throwsplit ? "throwsplit is still up after the system call" : nullptr;
  }
};

}  // namespace

std::unique_ptr<Oracle> make_split_oracle() { return std::make_unique<Split>(); }

}  // namespace throwsplit::fuzz
