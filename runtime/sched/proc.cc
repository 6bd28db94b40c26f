// The scheduler's loop: choose a goroutine, run it, do what it asked for on its way out.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/stack.h"
#include "runtime/sync/sync.h"

// The C++ runtime's record of exceptions in flight, one a thread; ours is one a goroutine. Weak: a
// program without libstdc++ has none.
extern "C" void* __cxa_get_globals() __attribute__((weak));

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// How often the global queue goes first, so that two goroutines that wake each other cannot starve
// it.
constexpr uint32_t kGlobalQueueEvery = 61;

struct CxaGlobals {
  void* caught;
  unsigned uncaught;
};

// Not instrumented: the record is the thread's own, but in the simulator all Ms share one thread.
NO_SANITIZE void swap_cxa_globals(G* gp) {
  if (__cxa_get_globals == nullptr) return;
  auto* now = static_cast<CxaGlobals*>(__cxa_get_globals());
  CxaGlobals mine = *now;
  now->caught = gp->cxa_caught;
  now->uncaught = gp->cxa_uncaught;
  gp->cxa_caught = mine.caught;
  gp->cxa_uncaught = mine.uncaught;
}

uint64_t fastrand(M* mp) {
  mp->fastrand ^= mp->fastrand << 13;
  mp->fastrand ^= mp->fastrand >> 7;
  mp->fastrand ^= mp->fastrand << 17;
  return mp->fastrand;
}

void resetspinning(M* mp) {
  mp->spinning.store<relaxed>(0);
  Sched& sched = mp->world->sched;
  const uint32_t nmspinning = sched.nmspinning.add<seq_cst>(~uint32_t{0});
  CHECK_LT(nmspinning, 1u << 31);
  // The last spinner found work: somebody must look for the next piece (I1).
  if (nmspinning == 0 && sched.npidle.load<seq_cst>() != 0) wakep();
}

// Makes gp the M's own: from here on its stack belongs to this M.
void execute(M* mp, G* gp) {
  World& world = *mp->world;
  // Clean flag first: once m.curg names gp, a request may come at any time. The guard must wait for
  // the CAS: until then a scanner may be at work on the stack, and its bounds are his.
  gp->preempt.store<relaxed>(0);
  gp->stackguard0.store<relaxed>(StackPreempt);
  gp->m = mp;
  mp->curg.store<release>(gp);
  INJECT(execute_window);
  casgstatus(gp, Grunnable, Grunning);
  // Not a step: a request that it wipes out has left its flag, which gogo reads again (I3).
  gp->stackguard0.init(stack_guard(gp));
  P* pp = mp->p.peek();
  pp->schedtick.store<relaxed>(pp->schedtick.load<relaxed>() + 1);
  trace(Event::go_start, gp->index, pp->id);
  // A stopper that scanned before m.curg was set asked nobody; it set gcwaiting before it scanned,
  // and the CAS above is a full fence (I2, I3).
  if (world.sched.gcwaiting.load<seq_cst>() != 0) {
    gp->preempt.store<relaxed>(1);
    gp->stackguard0.store<relaxed>(StackPreempt);
  }
}

// The P was idled; is there work after all, and a P for it? Null: nothing anywhere, or others see
// to it.
P* second_look(World& world) {
  INJECT(spinning_recheck);
  if (world.sched.nmspinning.load<seq_cst>() != 0) return nullptr;  // theirs to find
  if (!has_work_anywhere(world)) return nullptr;
  Locked locked(&world.sched.lock);
  P* pp = pidleget(world);
  if (pp != nullptr) sysmon_wake(world);  // it may have been the last idle one (GB-23)
  return pp;
}

G* steal(World& world, M* mp) {
  P* pp = mp->p.peek();
  uint32_t procs = world.settings.procs;
  for (int round = 0; round < 4; round++) {
    uint32_t offset = static_cast<uint32_t>(fastrand(mp));
    for (uint32_t i = 0; i < procs; i++) {
      if (world.sched.gcwaiting.load<relaxed>() != 0) return nullptr;
      P* victim = &world.allp[(offset + i) % procs];
      G* gp = victim == pp ? runqget(pp) : runqsteal(pp, victim);
      if (gp != nullptr) return gp;
    }
  }
  return nullptr;
}

// Work that needs no thief: due timers, the local queue, the global queue.
G* find_near(World& world, M* mp) {
  if (timers_first(world) != 0) timers_fire(world, os_nanotime());
  P* pp = mp->p.peek();
  G* gp = runqget(pp);
  if (gp != nullptr) return gp;
  if (world.sched.runqsize.load<relaxed>() == 0) return nullptr;
  Locked locked(&world.sched.lock);
  return globrunqget(world, pp, 0);
}

// This M found nothing and has put its P on the idle list.
void idle(World& world, M* mp) {
  // 1. A goroutine is put on a queue; its maker sees somebody spinning, or no idle P, and wakes
  //    nobody.
  // 2. We idle our P, and say that we no longer spin (full fences).
  // 3. We look once more: work queued before 2 is found here, after 2 its maker wakes somebody.
  // Who did not spin looks too: the only spinner may have been a maker that found no idle P, a
  // moment before there was one (GB-39).
  if (mp->spinning.load<relaxed>() != 0) {
    mp->spinning.store<relaxed>(0);
    CHECK_LT(world.sched.nmspinning.add<seq_cst>(~uint32_t{0}), 1u << 31);
  }
  bool keeps = timers_keep(world);
  P* pp = second_look(world);
  if (pp == nullptr) {
    if (keeps) {
      timers_wait(world);
    } else {
      stopm();
    }
    return;
  }
  if (keeps) timers_unkeep(world);
  acquirep(pp);
  mp->spinning.store<relaxed>(1);
  world.sched.nmspinning.add<seq_cst>(1);
}

// Looks everywhere; sleeps when there is nothing. Null: look at the world's flags again.
G* findrunnable(World& world, M* mp) {
  Sched& sched = world.sched;
  G* gp = find_near(world, mp);
  if (gp != nullptr) return gp;
  // Half of the busy Ps looking is enough.
  if (mp->spinning.load<relaxed>() == 0) {
    const uint32_t nmspinning = sched.nmspinning.load<relaxed>();
    const uint32_t busy = world.settings.procs - sched.npidle.load<relaxed>();
    if (2 * nmspinning < busy) {
      mp->spinning.store<relaxed>(1);
      sched.nmspinning.add<seq_cst>(1);
    }
  }
  if (mp->spinning.load<relaxed>() != 0) {
    gp = steal(world, mp);
    if (gp != nullptr) return gp;
  }
  lock(&sched.lock);
  // A timer that nobody keeps holds no P: we keep it below.
  if (sched.gcwaiting.load<relaxed>() != 0 || sched.done.load<relaxed>() != 0 ||
      is_queued_by(world, mp->p.peek(), LoadWord())) {
    unlock(&sched.lock);
    return nullptr;
  }
  pidleput(world, releasep());
  unlock(&sched.lock);
  idle(world, mp);
  return nullptr;
}

// The next goroutine for this M; null: the World is over.
G* schedule(M* mp) {
  World& world = *mp->world;
  Sched& sched = world.sched;
  CHECK_EQ(mp->locks, 0);
  for (;;) {
    if (mp->lockedg != nullptr) {
      stoplockedm();
      return mp->lockedg;
    }
    if (sched.done.load<acquire>() != 0) return nullptr;
    if (mp->p.peek() == nullptr) {
      stopm();
      continue;
    }
    if (sched.gcwaiting.load<seq_cst>() != 0) {
      gcstopm();
      continue;
    }
    G* gp = nullptr;
    if (++mp->schedtick % kGlobalQueueEvery == 0 && sched.runqsize.load<relaxed>() != 0) {
      Locked locked(&sched.lock);
      gp = globrunqget(world, mp->p.peek(), 1);
    }
    if (gp == nullptr) gp = findrunnable(world, mp);
    if (gp == nullptr) continue;
    if (mp->spinning.load<relaxed>() != 0) resetspinning(mp);
    if (gp->lockedm == nullptr) return gp;
    startlockedm(gp);
  }
}

}  // namespace

void schedule_loop(M* mp) {
  while (G* gp = schedule(mp)) {
    do {
      // A goroutine that merely had its stack looked at is still running and goes on as it is.
      // (It may hold a lock, too: then its M's ranks are its own.)
      if (gp->m != mp) {
        CHECK_EQ(mp->held_ranks, 0u);
        execute(mp, gp);
      }
      uintptr_t guard = gp->stackguard0.load<relaxed>();
      INJECT(guard_read);
      swap_cxa_globals(gp);
      McallFn fn = gogo(gp, guard);
      swap_cxa_globals(gp);
      gp = fn(gp);
    } while (gp != nullptr);
  }
}

void dropg() {
  M* mp = getg()->m;
  G* gp = mp->curg.peek();
  gp->m = nullptr;
  mp->curg.store<release>(nullptr);
}

// Makes the goroutine runnable for whoever comes, at the end of the global queue.
G* gosched_m(G* gp) {
  World& world = this_world();
  trace(Event::go_sched, gp->index);
  casgstatus(gp, Grunning, Grunnable);
  dropg();
  {
    Locked locked(&world.sched.lock);
    globrunqput(world, gp);
  }
  if (world.sched.npidle.load<seq_cst>() != 0) wakep();
  return nullptr;
}

namespace {

G* park_m(G* gp) {
  M* mp = getg()->m;
  trace(Event::go_park, gp->index);
  // From the CAS on a scanner may claim gp; until unlockf is done it may not move what unlockf
  // sees.
  const bool moves = gp->mapped;
  if (moves) gp->parkingm.store<relaxed>(mp);
  casgstatus(gp, Grunning, Gwaiting);
  dropg();
  INJECT(park_after);
  bool (*unlockf)(G*, void*) = mp->waitunlockf;
  void* argument = mp->waitlock;
  mp->waitunlockf = nullptr;
  mp->waitlock = nullptr;
  // From here on gp may run elsewhere, unless unlockf says that it never really waited.
  if (unlockf != nullptr && !unlockf(gp, argument)) {
    if (moves) gp->parkingm.cas<release>(mp, nullptr);
    casgstatus(gp, Gwaiting, Grunnable);
    return gp;
  }
  // By now gp may have run, and be in the park window of another M.
  if (moves) gp->parkingm.cas<release>(mp, nullptr);
  return nullptr;
}

}  // namespace

void gopark(bool (*unlockf)(G*, void*), void* argument, const char* reason) {
  G* gp = getg();
  M* mp = gp->m;
  CHECK_EQ(mp->locks, 0);
  CHECK_EQ(plainstatus(gp), uint32_t{Grunning});
  INJECT(park_before);
  gp->waitreason = reason;
  mp = acquirem();  // the M's two fields and the mcall belong together
  mp->waitunlockf = unlockf;
  mp->waitlock = argument;
  mp->locks--;  // not releasem: giving way here would hand the fields to somebody else
  mcall(park_m);
}

G* gopark_m(G* gp, bool (*unlockf)(G*, void*), void* argument, const char* reason) {
  M* mp = getg()->m;
  CHECK_EQ(mp->locks, 0);
  CHECK_EQ(plainstatus(gp), uint32_t{Grunning});
  INJECT(park_before);
  gp->waitreason = reason;
  mp->waitunlockf = unlockf;
  mp->waitlock = argument;
  return park_m(gp);
}

// Needs: the right to wake gp. Leaves it on this P's queue, or on the global one if there is no P.
void ready(G* gp) {
  M* mp = acquirem();
  World& world = *mp->world;
  INJECT(ready_window);
  casgstatus(gp, Gwaiting, Grunnable);
  trace(Event::go_ready, gp->index);
  P* pp = mp->p.peek();
  if (pp != nullptr) {
    runqput(world, pp, gp);
  } else {
    Locked locked(&world.sched.lock);
    globrunqput(world, gp);
  }
  if (world.sched.npidle.load<seq_cst>() != 0) wakep();
  releasem(mp);
}

void goready(G* gp) {
  systemstack([](void* arg) { ready(static_cast<G*>(arg)); }, gp);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
