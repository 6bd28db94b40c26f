// stopg and restartg: who claims a goroutine's stack, and what he does with it.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/throw.h"
#include "runtime/gc/gc.h"
#include "runtime/stack/stack.h"
#include "runtime/upcalls.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// It runs: it shall look at its own stack when it gives way, or when it leaves its M otherwise
// (helpcasgstatus). The bit keeps it on its M while the request is written: g.m is ours to read.
void ask(G* gp) {
  INJECT(stopg_running);
  gp->preemptscan.store<release>(1);
  gp->preempt.store<seq_cst>(1);
  gp->stackguard0.store<release>(StackPreempt);
  M* mp = gp->m;
  // On this M it comes back from the system stack, which reads the flag again.
  if (mp == getg()->m) return;
#if THROWSPLIT_HOOKS
  hook_site(site_of(Field::m_guard_slot, Access::store), mp->id);
#endif
  os_guard_write(mp->guard_handle, StackPreempt);
  trace(Event::preempt_request, gp->index, mp->id);
}

}  // namespace

void gcphasework(G* gp) {
  World& world = this_world();
  if (world.gc.phase.load<acquire>() == GCmark) {
    scanstack(world, gp);
  } else if (stack_may_shrink(gp)) {
    shrinkstack(gp);
  }
  gp->gcworkdone.store<release>(1);
}

bool stopg(G* gp) {
  for (;;) {
    if (gp->gcworkdone.load<acquire>() != 0) return false;
    // Read anew each time: what made the claim fail is that it changed, and it need not change back
    // (GB-45).
    const uint32_t status = gp->atomicstatus.load<acquire>();
    INJECT(stopg_chosen);
    if (status == Gidle || status == Gdead) return false;
    if (status == Grunning) {
      if (!castogscanstatus(gp, Grunning, Gscanrunning)) continue;
      ask(gp);
      casfromgscanstatus(gp, Gscanrunning, Grunning);
      return false;
    }
    if ((status & Gscan) != 0) throw_("stopg: a goroutine has two scanners");
    if (!castogscanstatus(gp, status, status | Gscan)) continue;
    INJECT(stopg_claimed);
    gcphasework(gp);
    return true;
  }
}

void restartg(G* gp) {
  const uint32_t status = gp->atomicstatus.load<acquire>();
  INJECT(restartg_window);
  casfromgscanstatus(gp, status, status & ~uint32_t{Gscan});
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
