// Into a system call: publish that the P may be taken, then look whether somebody wants it.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/gmp/transition.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/stack.h"
#include "runtime/sync/sync.h"
#include "runtime/syscall/syscall.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

void save(G* gp, uintptr_t pc, uintptr_t sp, uintptr_t bp) {
  gp->sched.pc = pc;
  gp->sched.sp = sp;
  gp->sched.bp = bp;
}

namespace {

void entersyscall_bad(void*) {
  G* gp = getg()->m->curg.peek();
  ThrowDetail details[] = {{"syscallsp", gp->syscallsp},
                           {"stack.lo", gp->syscallstack.lo},
                           {"stack.hi", gp->syscallstack.hi}};
  throw_details("entersyscall: the caller's stack pointer is outside its stack", details, 3);
}

void entersyscallblock_bad(void*) {
  G* gp = getg()->m->curg.peek();
  ThrowDetail details[] = {{"syscallsp", gp->syscallsp},
                           {"stack.lo", gp->syscallstack.lo},
                           {"stack.hi", gp->syscallstack.hi}};
  throw_details("entersyscallblock: the caller's stack pointer is outside its stack", details, 3);
}

void entersyscall_sysmon(void*) {
  World& world = this_world();
  INJECT(entersyscall_sysmon);
  Locked locked(&world.sched.lock);
  if (world.sched.sysmonwait.load<relaxed>() == 0) return;
  INJECT(entersyscall_sysmon_locked);
  sysmon_wake(world);
}

void entersyscall_gcwait(void*) {
  World& world = this_world();
  Sched& sched = world.sched;
  P* pp = getg()->m->oldp;
  INJECT(entersyscall_gcwait);
  Locked locked(&sched.lock);
  if (sched.stopwait.load<relaxed>() == 0 || !pcas(pp, Psyscall, Pgcstop)) {
    INJECT(entersyscall_gcwait_lost);
    return;
  }
  // The P may be in somebody else's call by now; taking it for the stopper is right all the same,
  // and its M will find it gone (GB-17: the counter is this stop's alone).
  pp->syscalltick.store<relaxed>(pp->syscalltick.load<relaxed>() + 1);
  trace(Event::proc_gcstop, pp->id, getg()->m->id);
  INJECT(entersyscall_gcwait_taken);
  if (sched.stopwait.add<relaxed>(~uint32_t{0}) == 0) notewakeup(&sched.stopnote);
}

void entersyscallblock_handoff(void*) {
  INJECT(entersyscallblock_handoff);
  handoffp(releasep());
}

// Where the frame of who called an edge begins: the stub's, with the arguments and what its own
// caller keeps in registers.
ALWAYS_INLINE uintptr_t frames_above(const void* frame) {
  return reinterpret_cast<uintptr_t>(frame) + 16;
}

// After a visit to the system stack: g.sched is again where the call was entered.
ALWAYS_INLINE void save_again(G* gp) { save(gp, gp->syscallpc, gp->syscallsp, gp->syscallbp); }

// What both ways in do first. Leaves: throwsplit up, the guard poisoned, g Gsyscall.
NOSPLIT bool begin_syscall(G* gp, uintptr_t pc, uintptr_t sp, uintptr_t bp);
bool begin_syscall(G* gp, uintptr_t pc, uintptr_t sp, uintptr_t bp) {
  // From here on a split check dies. (In the order of cache lines: the locked step waits for all.)
  guard_slot_write(StackPreempt);
  gp->stackguard0.store<relaxed>(StackPreempt);
  save(gp, pc, sp, bp);
  gp->throwsplit = true;
  INJECT(entersyscall_start);
  gp->syscallpc = pc;
  gp->syscallsp = sp;
  gp->syscallbp = bp;
#if THROWSPLIT_ASAN
  gp->syscallfake = san_fake_stack();
#endif
  gp->syscallstack = gp->stack;
  // Where it has helped a scanner on the system stack, that overwrote g.sched.
  if (UNLIKELY((casgstatus_at_once<Grunning, Gsyscall>(gp)))) save_again(gp);
  INJECT(entersyscall_published);
  return sp >= gp->stack.base && sp < gp->stack.hi;
}

}  // namespace

void systemstack_rarely(void (*fn)(void*)) { systemstack(fn, nullptr); }

void entersyscall(uintptr_t pc, uintptr_t sp, uintptr_t bp) {
  G* gp = getg();
  M* mp = gp->m;
  // Not preemptible: g.sched may be inconsistent while g is Gsyscall.
  mp->locks++;
  gp->syscallscansp = frames_above(__builtin_frame_address(0));
  if (UNLIKELY(!begin_syscall(gp, pc, sp, bp))) systemstack_rarely(entersyscall_bad);
  Sched& sched = mp->world->sched;
  if (UNLIKELY(INJECT_FAIL(entersyscall_sysmon_look) || sched.sysmonwait.load<relaxed>() != 0)) {
    systemstack_rarely(entersyscall_sysmon);
    save_again(gp);
  }
  P* pp = mp->p.load<relaxed>();
  mp->syscalltick = pp->syscalltick.load<relaxed>();
  // m.p is empty in a call: nobody may mistake a hint for a right (GB-19).
  mp->oldp = pp;
  mp->p.store<relaxed>(nullptr);
  pp->m.store<release>(nullptr);
  trace(Event::go_syscall, gp->index, pp->id);
  INJECT(entersyscall_before_publish);
  pset_at_once<Prunning, Psyscall>(pp);  // publish, with a full fence ...
  INJECT(entersyscall_after_publish);
  if (UNLIKELY(sched.gcwaiting.load<seq_cst>() != 0)) {  // ... then look (I2)
    systemstack_rarely(entersyscall_gcwait);
    save_again(gp);
  }
  CHECK_EQ(gp->sched.sp, gp->syscallsp);
  INJECT(entersyscall_end);
  mp->locks--;  // nothing to re-poison: the guard is poisoned until exit
}

void entersyscallblock(uintptr_t pc, uintptr_t sp, uintptr_t bp) {
  G* gp = getg();
  gp->syscallscansp = frames_above(__builtin_frame_address(0));
  M* mp = gp->m;
  mp->locks++;
  if (UNLIKELY(!begin_syscall(gp, pc, sp, bp))) systemstack(entersyscallblock_bad, nullptr);
  P* pp = mp->p.load<relaxed>();
  pp->syscalltick.store<relaxed>(pp->syscalltick.load<relaxed>() + 1);
  mp->oldp = nullptr;
  trace(Event::go_syscall, gp->index, pp->id);
  systemstack(entersyscallblock_handoff, nullptr);
  save_again(gp);
  CHECK_EQ(gp->sched.sp, gp->syscallsp);
  mp->locks--;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
