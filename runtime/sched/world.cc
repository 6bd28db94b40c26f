// A World from its first goroutine to its last.
// SPDX-License-Identifier: Apache-2.0
#include <new>

#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/pool.h"
#include "runtime/stack/stack.h"
#include "runtime/sync/sync.h"
#include "runtime/upcalls.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

void sched_init(World& world, const Settings& settings) {
  world.settings = settings;
  world.settings.stack_bytes = stack_rounded(settings.stack_bytes);
  world.ncpu = os_ncpu();
  Sched& sched = world.sched;
  sched.lock.rank = LockRank::sched;
  sched.timers.lock.rank = LockRank::timers;
  world.stackpool.lock.rank = LockRank::stack;
  world.framemaps_lock.rank = LockRank::stack;
  world.gc.lock.rank = LockRank::heap;
#if THROWSPLIT_HOOKS
  sched.injected_stop.armed = (hook_may_ask() & kActStop) != 0;
#endif
  for (uint32_t i = 0; i < settings.procs; i++) {
    P* pp = new (&world.allp[i]) P;
    pp->id = i;
    bind_p(pp);
  }
}

void m0_init(World& world) {
  M* mp = &world.m0;
  mcommoninit(world, mp);
  world.sched.mcount = 1;
  uintptr_t lo = 0;
  uintptr_t hi = 0;
  os_stack_bounds(&lo, &hi);
  uintptr_t here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (here < lo || here >= hi) lo = hi = 0;  // the caller switches stacks himself: bounds unknown
  mp->g0->stack.base = mp->g0->stack.lo = lo;
  mp->g0->stack.hi = hi;
  mp->g0->stackguard0.init(lo == 0 ? uintptr_t{StackUnguarded} : lo + StackGuard);
  san_context_adopt(&mp->g0->san, reinterpret_cast<void*>(lo), hi - lo);
  mp->guard_handle = os_guard_handle();
}

void give_out_ps(World& world) {
  Locked locked(&world.sched.lock);
  for (uint32_t i = world.settings.procs; i-- > 0;) {
    pset(&world.allp[i], Pgcstop, Pidle);
    if (i != 0) pidleput(world, &world.allp[i]);
  }
}

void free_world(World* world, bool abandoned) {
  for (GSlab* slab = world->slabs; slab != nullptr;) {
    for (uint32_t i = 0; i < slab->used; i++) {
      G* gp = &slab->gs[i];
      const bool live = abandoned && gp->atomicstatus.peek() != Gdead;
      if (gp->mapped) {
        stackpool_drop(gp, live);
      } else {
        stackfree(gp, live);
      }
    }
    GSlab* next = slab->next;
    os_free(slab, sizeof(GSlab));
    slab = next;
  }
  for (M* mp = world->sched.allms; mp != nullptr;) {
    M* next = mp->alllink;
    stackpool_drop(mp, abandoned);
    if (mp->ring != nullptr) os_free(mp->ring, sizeof(TraceRing));
    if (mp != &world->m0) os_free(mp, sizeof(M));
    mp = next;
  }
  stackpool_free(world, abandoned);
  framemaps_free(&world->framemaps);
  gcheap_free(world);
  Timers& timers = world->sched.timers;
  if (timers.heap != nullptr) os_free(timers.heap, timers.capacity * sizeof(G*));
  os_free(world->allp, world->settings.procs * sizeof(P));
  os_free(world, sizeof(World));
}

// Sysmon may have written a request to this M when nobody was there any more to take it down.
// The memory of a joined thread serves the next one, slot included, so it is to be left clean. Now
// that sysmon is gone nobody writes but the thread itself, which has no use for a guard.
void clean_slot(M* mp) {
  const uintptr_t handle = atomic_load<acquire>(&mp->guard_handle);
  if (handle != 0) os_guard_write(handle, StackUnguarded);  // else its thread has not come so far
}

// Every other M has returned from its loop, or is about to. Sysmon goes first: it may still write
// the guard slot of a thread that is on its way out. Then the template thread, and then the oldest
// first: the maker of a thread is one of these or older than the thread, and writes down its handle
// when the thread may long be running.
void join_all(World& world) {
  M* first[] = {world.sysmon, world.sched.newm_handoff.m};
  for (M* mp : first) {
    if (mp != nullptr) os_thread_join(mp->thread);
  }
  M* oldest = nullptr;
  for (M* mp = world.sched.allms; mp != nullptr;) {
    M* next = mp->alllink;
    mp->alllink = oldest;
    oldest = mp;
    mp = next;
  }
  world.sched.allms = oldest;
  for (M* mp = oldest; mp != nullptr; mp = mp->alllink) {
    if (mp == &world.m0 || mp == first[0] || mp == first[1]) continue;
    clean_slot(mp);
    os_thread_join(mp->thread);
  }
}

// On a thread that is ready.
const char* run_here(const Settings& settings, void (*fn)(void*), void* arg, World** observed) {
  arch_init();
  void* memory = os_alloc(sizeof(World));
  if (memory == nullptr) return "no memory for a world";
  World* world = new (memory) World;
  world->allp = static_cast<P*>(os_alloc(settings.procs * sizeof(P)));
  if (world->allp == nullptr) {
    os_free(world, sizeof(World));
    return "no memory for a world";
  }
  sched_init(*world, settings);
  m0_init(*world);
  if (observed != nullptr) *observed = world;
  M* mp = &world->m0;
  uintptr_t slot = guard_slot_read();
  setg(mp->g0);
  guard_slot_write(mp->g0->stackguard0.peek());
#if THROWSPLIT_HOOKS
  hook_minit();
#endif
  give_out_ps(*world);
  acquirep(&world->allp[0]);
  bool made = newproc(fn, arg, 0) != nullptr;
  if (made) {
    newm(sysmon, nullptr, false, &world->sysmon);
#if THROWSPLIT_HOOKS
    injected_stop_init(*world);
#endif
    schedule_loop(mp);
    join_all(*world);
  }
#if THROWSPLIT_HOOKS
  hook_munit();
#endif
  setg(nullptr);
  guard_slot_write(slot);
  if (observed != nullptr) *observed = nullptr;
  free_world(world, false);
  return made ? nullptr : "no memory for the first goroutine";
}

}  // namespace

void world_done(World& world) {
  Sched& sched = world.sched;
  Locked locked(&sched.lock);
  sched.done.store<release>(1);
  while (M* mp = sched.midle.pop()) {
    sched.nmidle--;
    notewakeup(&mp->park);
  }
  sysmon_wake(world);
  template_thread_wake(world);
#if THROWSPLIT_HOOKS
  injected_stop_ask(world);
#endif
}

const char* world_run(const Settings& settings, void (*fn)(void*), void* arg, World** observed) {
  if (getg() != nullptr) return "this thread already runs a world";
  if (settings.procs < 1 || settings.procs > kProcsMax) return "procs must be 1 to 256";
  if (settings.max_ms < 1) return "max_ms must be at least 1";
  const char* stuck_signal = os_move_handlers_to_alternate_stacks();
  if (stuck_signal != nullptr) return stuck_signal;
  OsSignalStack signals;
  if (!os_minit(&signals)) return "no memory for a signal stack";
  const char* failure = run_here(settings, fn, arg, observed);
  os_unminit(signals);
  return failure;
}

void world_drop(World* world) { free_world(world, true); }

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
