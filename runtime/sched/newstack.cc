// A split check tripped: die, give way, grow, or find that it was nothing.
// SPDX-License-Identifier: Apache-2.0
//
// The guard has two copies: g.stackguard0, the truth, and the slot that prologues read. Who asks a
// goroutine to give way writes flag, truth, slot, in this order; who writes a clean slot re-reads
// the flag after a full fence. A slot may trip for nothing (the request was for the goroutine that
// ran here before); the truth tells.
#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/stack.h"
#include "runtime/sync/sync.h"
#include "runtime/upcalls.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

void morestack(uintptr_t frame_bytes, uintptr_t sp) {
  G* gp = getg();
  M* mp = gp->m;
  if (gp == mp->g0) {
    // Somebody poisoned the slot for the goroutine that ran here a moment ago.
    uintptr_t guard = gp->stackguard0.peek();
    guard_slot_write(guard);
    if (sp - frame_bytes <= guard) throw_("stack overflow on the system stack");
    return;
  }
  // Of the M's user goroutine: Go read the flag of g0 for four weeks, and the check never fired.
  if (mp->curg.peek()->throwsplit) throw_("runtime: stack split at bad time");
  mp->scalararg[0] = frame_bytes;
  mp->scalararg[1] = sp;
  mcall(newstack);
}

G* newstack(G* gp) {
  M* mp = getg()->m;
  uintptr_t frame_bytes = mp->scalararg[0];
  uintptr_t sp = mp->scalararg[1];
  CHECK_EQ(gp, mp->curg.peek());
  if (gp->throwsplit) throw_("runtime: stack split at bad time, found on the system stack");
  CHECK_EQ(gp->atomicstatus.peek(), uint32_t{Grunning});
  INJECT(newstack_window);
  if (gp->preempt.load<relaxed>() != 0) {
    if (mp->locks == 0) {
      trace(Event::preempt_honoured, gp->index);
      return gosched_m(gp);
    }
    // Not now. The flag stays; whoever drops the last lock poisons the guard again.
    gp->stackguard0.store<relaxed>(stack_guard(gp));
  } else if (gp->stackguard0.load<relaxed>() != stack_guard(gp)) {
    gp->stackguard0.store<relaxed>(stack_guard(gp));
  }
  if (sp - frame_bytes <= stack_guard(gp)) {
    if (!stack_grow_in_place(gp, sp, frame_bytes)) {
      ThrowDetail details[] = {{"goid", gp->goid},
                               {"frame bytes", frame_bytes},
                               {"stack bytes", gp->stack.hi - gp->stack.base}};
      throw_details("stack overflow", details, 3);
    }
    gp->stackguard0.store<relaxed>(stack_guard(gp));
    trace(Event::stack_grow, gp->index, static_cast<uint32_t>(gp->stack.hi - gp->stack.lo));
  }
  return gp;
}

bool preemptone(P* pp) {
  M* mp = pp->m.load<acquire>();
  if (mp == nullptr || mp == getg()->m) return false;
  G* gp = mp->curg.load<acquire>();
  if (gp == nullptr) return false;
  // mp may be running another goroutine by now; then this one gives way once for nothing.
  gp->preempt.store<seq_cst>(1);
  INJECT(preemptone_window);
  gp->stackguard0.store<release>(StackPreempt);
#if THROWSPLIT_HOOKS
  hook_site(site_of(Field::m_guard_slot, Access::store), mp->id);
#endif
  os_guard_write(mp->guard_handle, StackPreempt);
  trace(Event::preempt_request, gp->index);
  return true;
}

void preemptall(World& world) {
  for (uint32_t i = 0; i < world.settings.procs; i++) {
    P* pp = &world.allp[i];
    if (pp->status.load<seq_cst>() == Prunning) preemptone(pp);
  }
}

void preempt_self(G* gp) {
  gp->preempt.store<relaxed>(1);
  gp->stackguard0.store<relaxed>(StackPreempt);
  guard_slot_write(StackPreempt);
}

void inject_act(uint64_t actions) {
  G* gp = getg();
  if (gp == nullptr || gp == gp->m->g0) return;  // the system stack is never preempted
  if ((actions & kActPreempt) != 0) preempt_self(gp);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
