// Goroutines tied to an M: for code whose state belongs to a thread.
// SPDX-License-Identifier: Apache-2.0
//
// A tied M runs nothing but its goroutine, and the goroutine runs nowhere else. When it waits, its
// M hands the P on and sleeps (stoplockedm); any M that takes it from a queue gives its own P to
// the tied M and looks for another (startlockedm). So a tied goroutine goes through the same queues
// as all others, and is scheduled no earlier and no later: handing it over directly was tried in
// Go, and let an M run one goroutine for ever, or through a stop of the world (GB-60).
//
// The P is never in two hands: it is released, written to m.nextp, and acquired by the woken M.
#include "runtime/base/check.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sync.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

void lock_os_thread_m(void*) {
  M* mp = getg()->m;
  G* gp = mp->curg.peek();
  // Before the tie: the template thread is to inherit nothing of what the goroutine will change.
  if (mp->lockedcount == 0) start_template_thread(*mp->world);
  mp->lockedcount++;
  CHECK_NE(mp->lockedcount, 0u);
  mp->lockedg = gp;
  gp->lockedm = mp;
}

void unlock_os_thread_m(void*) {
  M* mp = getg()->m;
  if (mp->lockedcount == 0 || --mp->lockedcount != 0) return;
  mp->lockedg->lockedm = nullptr;
  mp->lockedg = nullptr;
}

}  // namespace

void lock_os_thread() { systemstack(lock_os_thread_m, nullptr); }

void unlock_os_thread() { systemstack(unlock_os_thread_m, nullptr); }

void unlock_dead(M* mp, G* gp) {
  if (mp->lockedg != gp) return;
  gp->lockedm = nullptr;
  mp->lockedg = nullptr;
  mp->lockedcount = 0;
}

void stoplockedm() {
  M* mp = getg()->m;
  World& world = *mp->world;
  CHECK_NE(mp->lockedg, nullptr);
  G* gp = mp->lockedg;
  CHECK_EQ(gp->lockedm, mp);
  CHECK_EQ(mp->spinning.peek(), 0u);
  if (mp->p.peek() != nullptr) handoffp(releasep());
  INJECT(stoplockedm_window);
  {
    Locked locked(&world.sched.lock);
    // May be -1 + 1: whoever found the goroutine on a queue was faster than we are.
    world.sched.nmidlelocked++;
    checkdead(world);
  }
  trace(Event::m_park, mp->id);
  notesleep(&mp->park);
  noteclear(&mp->park);
  P* pp = mp->nextp;
  mp->nextp = nullptr;
  CHECK_EQ(plainstatus(gp), uint32_t{Grunnable});
  acquirep(pp);
}

void startlockedm(G* gp) {
  M* mp = gp->lockedm;
  World& world = *mp->world;
  CHECK_NE(mp, getg()->m);
  CHECK_EQ(mp->lockedg, gp);
  CHECK_EQ(mp->nextp, nullptr);
  {
    Locked locked(&world.sched.lock);
    world.sched.nmidlelocked--;
  }
  P* pp = releasep();
  INJECT(startlockedm_window);
  mp->nextp = pp;
  trace(Event::m_unpark, mp->id);
  notewakeup(&mp->park);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
