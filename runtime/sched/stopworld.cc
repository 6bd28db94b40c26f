// Stopping the world, starting it, freezing it for a crash.
// SPDX-License-Identifier: Apache-2.0
//
// A stop asks every P but the stopper's to be Pgcstop, and counts those that are not yet
// (stopwait). A P gets there in one of four ways: its M notices gcwaiting (gcstopm), it was in a
// system call and the stopper takes it, it was idle, or somebody was just handing it on (handoffp).
//
// The race that makes it hard: an M enters a system call while the stopper scans.
//   1. entersyscall:  P.status = Psyscall     | stopper:  gcwaiting = 1
//   2.                full fence              |           full fence
//   3.                look at gcwaiting       |           look at P.status
// Each publishes before it looks, so at least one of them sees the other. Go 1.26 looks before it
// publishes, and its stopper looks once: docs/findings/0001 tells what happens then.
//
// Freezing has a flag of its own: the counter of a stop that is under way must stay true (GB-36b).
#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sync.h"
#include "runtime/upcalls.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// A rescue: how long the stopper trusts that everybody was asked.
constexpr int64_t kRepeatPreemptNs = 100 * 1000;

// Needs sched.lock.
void one_stopped(Sched& sched, P* pp) {
  trace(Event::proc_gcstop, pp->id, getg()->m->id);
  uint32_t left = sched.stopwait.add<relaxed>(~uint32_t{0});
  CHECK_LT(left, kProcsMax);
}

// Who stops the world, for the trace.
uint32_t stopper_index(M* mp) {
  G* gp = mp->curg.peek();
  return gp == nullptr ? kNoIndex : gp->index;
}

void wait_for_stragglers(World& world) {
  Sched& sched = world.sched;
  if (!world.settings.rescues) {
    notesleep(&sched.stopnote);
  } else {
    while (!notetsleep(&sched.stopnote, kRepeatPreemptNs))
      preemptall(world);
  }
  noteclear(&sched.stopnote);
}

}  // namespace

void stoptheworld(World& world) {
  Sched& sched = world.sched;
  M* mp = getg()->m;
  P* own = mp->p.peek();
  trace(Event::stw_start, stopper_index(mp));
  lock(&sched.lock);
  CHECK_EQ(sched.stopwait.peek(), 0u);
  sched.stopwait.store<relaxed>(world.settings.procs);
  sched.gcwaiting.store<seq_cst>(1);
  INJECT(stoptheworld_flag);
  preemptall(world);
  if (own != nullptr) {
    pset(own, Prunning, Pgcstop);
    one_stopped(sched, own);
  }
  INJECT(stoptheworld_scan);
  for (uint32_t i = 0; i < world.settings.procs; i++) {
    P* pp = &world.allp[i];
    if (pp->status.load<seq_cst>() != Psyscall) continue;
    if (!pcas(pp, Psyscall, Pgcstop)) continue;
    pp->syscalltick.store<relaxed>(pp->syscalltick.load<relaxed>() + 1);
    one_stopped(sched, pp);
  }
  while (P* pp = pidleget(world)) {
    pset(pp, Pidle, Pgcstop);
    one_stopped(sched, pp);
  }
  bool wait = sched.stopwait.load<relaxed>() != 0;
  unlock(&sched.lock);
  if (wait) wait_for_stragglers(world);
  CHECK_EQ(sched.stopwait.peek(), 0u);
  for (uint32_t i = 0; i < world.settings.procs; i++) {
    CHECK_EQ(world.allp[i].status.peek(), uint32_t{Pgcstop});
  }
  trace(Event::stw_stopped, stopper_index(mp));
}

void starttheworld(World& world) {
  Sched& sched = world.sched;
  M* mp = acquirem();
  P* own = mp->p.peek();
  trace(Event::stw_end, stopper_index(mp));
  LifoList<P, &P::link> with_work;
  lock(&sched.lock);
  for (uint32_t i = 0; i < world.settings.procs; i++) {
    P* pp = &world.allp[i];
    if (pp == own) continue;
    pset(pp, Pgcstop, Pidle);
    if (runqempty(pp)) {
      pidleput(world, pp);
    } else {
      with_work.push(pp);
    }
  }
  if (own != nullptr) pset(own, Pgcstop, Prunning);
  sched.gcwaiting.store<seq_cst>(0);
  INJECT(starttheworld_flag);
  sysmon_wake(world);
  unlock(&sched.lock);
  while (P* pp = with_work.pop())
    startm(pp, false);
  // What came to the global queue meanwhile woke nobody.
  wakep();
  releasem(mp);
}

void gcstopm() {
  M* mp = getg()->m;
  World& world = *mp->world;
  Sched& sched = world.sched;
  CHECK_NE(sched.gcwaiting.peek(), 0u);
  INJECT(gcstopm_window);
  if (mp->spinning.load<relaxed>() != 0) {
    mp->spinning.store<relaxed>(0);
    CHECK_LT(sched.nmspinning.add<seq_cst>(~uint32_t{0}), 1u << 31);
  }
  P* pp = mp->p.peek();
  mp->p.store<relaxed>(nullptr);
  pp->m.store<release>(nullptr);
  {
    Locked locked(&sched.lock);
    pset(pp, Prunning, Pgcstop);
    // A freeze counts nobody: its gcwaiting has no stop behind it.
    if (sched.stopwait.load<relaxed>() != 0) {
      one_stopped(sched, pp);
      if (sched.stopwait.load<relaxed>() == 0) notewakeup(&sched.stopnote);
    }
  }
  stopm();
}

void stop_run_start(void* raw) {
  auto* stop = static_cast<WorldStop*>(raw);
  World& world = this_world();
  M* mp = getg()->m;
  mp->locks++;
  stoptheworld(world);
  stop->fn(stop->arg);
  starttheworld(world);
  mp->locks--;
}

void freezetheworld(World& world) {
  Sched& sched = world.sched;
  trace(Event::freeze, 0);
  sched.freezing.store<seq_cst>(1);
  // Nobody answers to a crash, and a lock may be held by the crasher: ask, and give them a little
  // time.
  for (int i = 0; i < 5; i++) {
    sched.gcwaiting.store<seq_cst>(1);
    preemptall(world);
    os_usleep(1000 * 1000);
  }
}

// The right to stop the world: one stopper at a time, first come first served.
namespace {

bool worldsema_wait(G* gp, void*) {
  Sched& sched = this_world().sched;
  Locked locked(&sched.lock);
  if (!sched.worldsema.held) {
    sched.worldsema.held = true;
    return false;  // free in the meantime: go on
  }
  sched.worldsema.waiters.push_back(gp);
  return true;
}

void worldsema_release(void*) { semrelease_world_m(this_world()); }

}  // namespace

void semacquire_world() { gopark(worldsema_wait, nullptr, "to stop the world"); }

void semrelease_world() { systemstack(worldsema_release, nullptr); }

G* semacquire_world_m(G* gp) { return gopark_m(gp, worldsema_wait, nullptr, "to stop the world"); }

void semrelease_world_m(World& world) {
  Sched& sched = world.sched;
  G* next;
  {
    Locked locked(&sched.lock);
    CHECK(sched.worldsema.held);
    next = sched.worldsema.waiters.pop_front();
    if (next == nullptr) sched.worldsema.held = false;  // else it passes to the next, still held
  }
  if (next != nullptr) ready(next);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
