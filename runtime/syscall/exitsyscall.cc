// Out of a system call: the old P if it is still there, an idle one, or the queue.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/gmp/transition.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/stack.h"
#include "runtime/sync/sync.h"
#include "runtime/syscall/syscall.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

void exitsyscall_bad(void*) {
  G* gp = getg()->m->curg.peek();
  ThrowDetail details[] = {{"syscallsp", gp->syscallsp}, {"stack.lo", gp->stack.lo}};
  throw_details("exitsyscall: the stack is not the one that entered", details, 2);
}

void exitsyscallfast_pidle(void*) {
  M* mp = getg()->m;
  World& world = *mp->world;
  P* pp;
  INJECT(exitsyscall_idle_look);
  {
    Locked locked(&world.sched.lock);
    pp = pidleget(world);
    if (pp != nullptr) sysmon_wake(world);  // a P starts to run: it must be watched (GB-23)
  }
  mp->scalararg[0] = pp != nullptr;
  if (pp == nullptr) {
    INJECT(exitsyscall_idle_none);
    return;
  }
  acquirep(pp);
  INJECT(exitsyscall_idle_taken);
}

// No P to be had quickly: on the system stack, as a goroutine that gives its M back.
G* exitsyscall0(G* gp) {
  M* mp = getg()->m;
  World& world = *mp->world;
  INJECT(exitsyscall_slow);
  casgstatus(gp, Gsyscall, Grunnable);
  dropg();
  P* pp;
  {
    Locked locked(&world.sched.lock);
    pp = pidleget(world);
    if (pp == nullptr) {
      globrunqput(world, gp);  // from here on gp may run elsewhere: not ours to read (GB-20)
    } else {
      sysmon_wake(world);
    }
  }
  if (pp != nullptr) {
    acquirep(pp);
    INJECT(exitsyscall_slow_taken);
    return gp;
  }
  trace(Event::go_syscall_queued, gp->index);
  INJECT(exitsyscall_slow_queued);
  return nullptr;  // the scheduler stops an M without a P
}

}  // namespace

// No P to be had quickly.
NOSPLIT COLD void exitsyscall_queued(G* gp);
void exitsyscall_queued(G* gp) {
  mcall(exitsyscall0);
  // Perhaps on another M, certainly with a P; execute has made the guard clean.
  gp->syscallsp = 0;
  P* pp = gp->m->p.load<relaxed>();
  pp->syscalltick.store<relaxed>(pp->syscalltick.load<relaxed>() + 1);
  gp->throwsplit = false;
  trace(Event::go_syscall_exit, gp->index, pp->id);
}

bool exitsyscallfast(P* oldp) {
  M* mp = getg()->m;
  Sched& sched = mp->world->sched;
  // Frozen for a crash, not merely stopping: a pending stop must not keep us from the CAS (GB-22).
  if (UNLIKELY(sched.freezing.load<relaxed>() != 0)) {
    INJECT(exitsyscall_stopped);
    return false;
  }
  if (oldp != nullptr && !INJECT_FAIL(exitsyscall_own_p) &&
      pcas_at_once<Psyscall, Prunning>(oldp)) {
    mp->p.store<release>(oldp);
    oldp->m.store<release>(mp);
    INJECT(exitsyscall_retaken);
    return true;
  }
  INJECT(exitsyscall_lost_p);
  if (sched.npidle.load<seq_cst>() == 0) return false;
  systemstack_rarely(exitsyscallfast_pidle);
  bool taken = mp->scalararg[0] != 0;
  mp->scalararg[0] = 0;
  return taken;
}

void exitsyscall() {
  G* gp = getg();
  M* mp = gp->m;
  mp->locks++;
  if (UNLIKELY(gp->syscallstack.lo != gp->stack.lo || gp->syscallsp == 0)) {
    systemstack_rarely(exitsyscall_bad);
  }
  INJECT(exitsyscall_start);
  P* oldp = mp->oldp;
  mp->oldp = nullptr;
  if (LIKELY(exitsyscallfast(oldp))) {
    P* pp = mp->p.load<relaxed>();
    pp->syscalltick.store<relaxed>(pp->syscalltick.load<relaxed>() + 1);
    // 1. We write a clean guard.   2. casgstatus: a full fence.   3. We read the flags.
    // A request that comes before 1 leaves its flag for 3; one that comes after 1 poisons the guard
    // itself (I3).
    gp->stackguard0.store<relaxed>(stack_guard(gp));
    guard_slot_write(stack_guard(gp));
    casgstatus_at_once<Gsyscall, Grunning>(gp);
    INJECT(exitsyscall_running);
    gp->syscallsp = 0;
    gp->throwsplit = false;
    mp->locks--;
    trace(Event::go_syscall_exit, gp->index, pp->id);
    if (UNLIKELY(mp->world->sched.gcwaiting.load<seq_cst>() != 0)) {
      preempt_self(gp);
    } else if (UNLIKELY(gp->preempt.load<relaxed>() != 0)) {
      preempt_self(gp);
    }
    return;
  }
  mp->locks--;
  exitsyscall_queued(gp);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
