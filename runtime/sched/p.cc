// Ps: taken, released, handed on, kept idle.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/check.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sync.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

void acquirep(P* pp) {
  M* mp = getg()->m;
  CHECK_EQ(mp->p.peek(), nullptr);
  CHECK_EQ(pp->m.peek(), nullptr);
  pset(pp, Pidle, Prunning);
  mp->p.store<release>(pp);
  pp->m.store<seq_cst>(mp);
  trace(Event::proc_acquire, pp->id, mp->id);
}

P* releasep() {
  M* mp = getg()->m;
  P* pp = mp->p.peek();
  CHECK_NE(pp, nullptr);
  CHECK_EQ(pp->m.peek(), mp);
  mp->p.store<relaxed>(nullptr);
  pp->m.store<release>(nullptr);
  pset(pp, Prunning, Pidle);
  trace(Event::proc_release, pp->id, mp->id);
  return pp;
}

void pidleput(World& world, P* pp) {
  CHECK_EQ(pp->status.peek(), uint32_t{Pidle});
  CHECK(runqempty(pp));
  world.sched.pidle.push(pp);
  world.sched.npidle.add<seq_cst>(1);
  trace(Event::proc_idle, pp->id);
}

P* pidleget(World& world) {
  P* pp = world.sched.pidle.head();
  if (pp == nullptr) return nullptr;
  INJECT(pidleget_window);
  world.sched.pidle.pop();
  world.sched.npidle.add<seq_cst>(~uint32_t{0});
  trace(Event::proc_unidle, pp->id);
  return pp;
}

void handoffp(P* pp) {
  World& world = this_world();
  Sched& sched = world.sched;
  trace(Event::proc_handoff, pp->id);
  INJECT(handoffp_start);
  if (has_work(world, pp)) {
    startm(pp, false);
    return;
  }
  // No local work, and nobody else is looking or idle: this P must look.
  if (sched.nmspinning.load<seq_cst>() == 0 && sched.npidle.load<seq_cst>() == 0 &&
      sched.nmspinning.cas<seq_cst>(0, 1)) {
    startm(pp, true);
    return;
  }
  lock(&sched.lock);
  if (sched.gcwaiting.load<relaxed>() != 0) {
    pset(pp, Pidle, Pgcstop);
    trace(Event::proc_gcstop, pp->id, getg()->m->id);
    bool counted = sched.stopwait.load<relaxed>() != 0;  // not by a freeze
    if (counted && sched.stopwait.add<relaxed>(~uint32_t{0}) == 0) notewakeup(&sched.stopnote);
    unlock(&sched.lock);
    return;
  }
  if (has_work(world, pp)) {
    unlock(&sched.lock);
    startm(pp, false);
    return;
  }
  pidleput(world, pp);
  unlock(&sched.lock);
  wake_for_work(world);
}

void wake_for_work(World& world) {
  // Who spins looks once more when it stops, and that is after now.
  if (world.sched.nmspinning.load<seq_cst>() != 0) return;
  if (has_work_anywhere(world)) wakep();
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
