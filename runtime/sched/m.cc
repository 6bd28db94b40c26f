// Ms: threads that come, look for work, sleep and go.
// SPDX-License-Identifier: Apache-2.0
#include <new>

#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/stack.h"
#include "runtime/sync/sync.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// Room for schedule_loop, system-stack halves, a crash report, and what sanitizers add.
constexpr size_t kSystemStackBytes = StackReserve + 128 * 1024;

void mput(World& world, M* mp) {
  world.sched.midle.push(mp);
  world.sched.nmidle++;
}

M* mget(World& world) {
  M* mp = world.sched.midle.pop();
  if (mp != nullptr) world.sched.nmidle--;
  return mp;
}

void mstart(void* arg) {
  M* mp = static_cast<M*>(arg);
  setg(mp->g0);
#if THROWSPLIT_HOOKS
  hook_minit();
#endif
  uintptr_t lo = 0;
  uintptr_t hi = 0;
  os_stack_bounds(&lo, &hi);
  mp->g0->stack.base = mp->g0->stack.lo = lo;
  mp->g0->stack.hi = hi;
  mp->g0->stackguard0.init(lo == 0 ? uintptr_t{StackUnguarded} : lo + StackGuard);
  guard_slot_write(mp->g0->stackguard0.peek());
  san_context_adopt(&mp->g0->san, reinterpret_cast<void*>(lo), hi - lo);
  atomic_store<release>(&mp->guard_handle, os_guard_handle());
  OsSignalStack signals;
  if (!os_minit(&signals)) throw_("no memory for a signal stack");
  trace(Event::m_start, mp->id);
  if (mp->mstartfn != nullptr) {
    mp->mstartfn(mp);
  } else {
    if (mp->nextp != nullptr) {
      P* pp = mp->nextp;
      mp->nextp = nullptr;
      acquirep(pp);
    }
    schedule_loop(mp);
  }
  os_unminit(signals);
#if THROWSPLIT_HOOKS
  hook_munit();
#endif
  setg(nullptr);
  guard_slot_write(StackUnguarded);  // the thread's block will serve another thread
}

}  // namespace

// Needs sched.lock, or to be alone.
void mcommoninit(World& world, M* mp) {
  Sched& sched = world.sched;
  mp->world = &world;
  mp->g0 = &mp->g0_storage;
  mp->g0->m = mp;
  mp->g0->atomicstatus.init(Grunning);
  mp->id = sched.allms == nullptr ? 0 : sched.allms->id + 1;
  mp->fastrand = 0x9e3779b97f4a7c15u * (mp->id + 1);
  mp->alllink = sched.allms;
  sched.allms = mp;
  bind_m(mp);
  if (world.settings.tracing) {
    mp->ring = static_cast<TraceRing*>(os_alloc(sizeof(TraceRing)));
  }
}

void newm(void (*fn)(M*), P* pp, bool spinning, M** slot) {
  World& world = this_world();
  Sched& sched = world.sched;
  void* memory = os_alloc(sizeof(M));
  if (memory == nullptr) throw_("no memory for a thread");
  M* mp = new (memory) M;
  mp->mstartfn = fn;
  mp->nextp = pp;
  mp->spinning.init(spinning ? 1 : 0);
  {
    Locked locked(&sched.lock);
    // A world that is over takes no new thread: nobody would wait for its end.
    if (sched.done.load<relaxed>() != 0) {
      if (spinning) sched.nmspinning.add<seq_cst>(~uint32_t{0});
      os_free(memory, sizeof(M));
      return;
    }
    mcommoninit(world, mp);
    if (slot != nullptr) {
      *slot = mp;
    } else if (++sched.mcount > world.settings.max_ms) {
      ThrowDetail details[] = {{"max_ms", world.settings.max_ms}};
      throw_details("thread exhaustion: the world needs more threads than max_ms allows", details,
                    1);
    }
    // A tied goroutine may have changed what a new thread would inherit from its thread.
    if (getg()->m->lockedg != nullptr && slot == nullptr) {
      newm_handoff(world, mp);
      return;
    }
  }
  newm_start(mp);
}

void newm_start(M* mp) {
  if (!os_thread_create(&mp->thread, mstart, mp, kSystemStackBytes)) {
    throw_("the kernel refuses a thread");
  }
}

void startm(P* pp, bool spinning) {
  World& world = this_world();
  Sched& sched = world.sched;
  M* self = acquirem();  // a P in a local variable: nobody could stop it if we were preempted here
  INJECT(startm_window);
  lock(&sched.lock);
  if (pp == nullptr) {
    pp = pidleget(world);
    if (pp != nullptr) sysmon_wake(world);  // a P starts to run: it must be watched (GB-23)
    if (pp == nullptr) {
      // Under the lock: who idles a P a moment later must not take us for one who is still looking.
      if (spinning) sched.nmspinning.add<seq_cst>(~uint32_t{0});
      unlock(&sched.lock);
      releasem(self);
      return;
    }
  }
  M* mp = mget(world);
  unlock(&sched.lock);
  if (mp == nullptr) {
    newm(nullptr, pp, spinning);
    releasem(self);
    return;
  }
  CHECK_EQ(mp->nextp, nullptr);
  mp->spinning.store<relaxed>(spinning ? 1 : 0);
  mp->nextp = pp;
  trace(Event::m_unpark, mp->id);
  notewakeup(&mp->park);
  releasem(self);
}

void checkdead(World& world) {
  Sched& sched = world.sched;
  auto asleep = static_cast<int32_t>(sched.nmidle) + sched.nmidlelocked;
  CHECK_LE(asleep, static_cast<int32_t>(sched.mcount));
  if (asleep != static_cast<int32_t>(sched.mcount)) return;
  if (sched.sysmonwait.peek() == 0)
    return;  // it may be about to start an M; it asks when it sleeps
  if (sched.goroutines.peek() == 0 || sched.timers.first_ns.peek() != 0) return;
  if (sched.freezing.peek() != 0) return;
#if THROWSPLIT_HOOKS
  if (sched.injected_stop.stopping) return;  // it asks when it is done
#endif
  trace(Event::deadlock, sched.goroutines.peek());
  throw_("all goroutines are asleep - deadlock!");
}

void stopm() {
  M* mp = getg()->m;
  World& world = *mp->world;
  CHECK_EQ(mp->locks, 0);
  CHECK_EQ(mp->p.peek(), nullptr);
  CHECK_EQ(mp->spinning.peek(), 0u);
  INJECT(stopm_window);
  {
    Locked locked(&world.sched.lock);
    if (world.sched.done.load<relaxed>() != 0) return;
    mput(world, mp);
    checkdead(world);
  }
  trace(Event::m_park, mp->id);
  notesleep(&mp->park);
  noteclear(&mp->park);
  P* pp = mp->nextp;
  mp->nextp = nullptr;
  if (pp != nullptr) acquirep(pp);
}

void wakep() {
  // One spinner at a time is enough: it wakes the next one when it finds work.
  Sched& sched = this_world().sched;
  if (sched.nmspinning.load<seq_cst>() != 0) return;
  if (!sched.nmspinning.cas<seq_cst>(0, 1)) return;
  startm(nullptr, true);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
