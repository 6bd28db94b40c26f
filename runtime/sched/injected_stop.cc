// Stops of the world that an injection point asks for: by an M of its own, at any moment.
// SPDX-License-Identifier: Apache-2.0
//
// A point may lie anywhere: in the window of a system call, under sched.lock, on the system stack.
// Nothing may be done there but to signal, so that is all inject_act does; the stop itself is made
// by an M without a P, which exists only in Worlds whose armed plan asks for stops.
#include "runtime/sched/sched.h"

#if THROWSPLIT_HOOKS

#include "runtime/sync/sync.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// The stop counts as a goroutine: a World does not end in the midst of it, when its Ms leave
// without giving up their Ps. False: somebody else stops the world, which is as good, or it is
// over.
bool begin(World& world) {
  Sched& sched = world.sched;
  Locked locked(&sched.lock);
  if (sched.worldsema.held || sched.goroutines.load<relaxed>() == 0) return false;
  if (sched.freezing.load<relaxed>() != 0) return false;
  sched.worldsema.held = true;
  sched.injected_stop.stopping = true;
  sched.goroutines.add<relaxed>(1);
  return true;
}

// The stop and its count end together: with the count alone, whoever falls asleep in between would
// take the World for a deadlock.
void end(World& world) {
  Sched& sched = world.sched;
  semrelease_world_m(world);
  bool last;
  {
    Locked locked(&sched.lock);
    sched.injected_stop.stopping = false;
    last = sched.goroutines.add<acq_rel>(~uint32_t{0}) == 0;
    if (!last) checkdead(world);  // whoever fell asleep meanwhile was not heard
  }
  if (last) world_done(world);
}

void stop_once(World& world) {
  M* mp = acquirem();
  stoptheworld(world);
  starttheworld(world);
  mp->locks--;
}

void injected_stopper(M* mp) {
  World& world = *mp->world;
  InjectedStop& stop = world.sched.injected_stop;
  // The stop may have been the last that kept the World: then it is over, and nobody wakes us.
  while (world.sched.done.load<acquire>() == 0) {
    notesleep(&stop.wake);
    noteclear(&stop.wake);
    stop.asked.store<release>(0);
    if (world.sched.done.load<acquire>() != 0 || !begin(world)) continue;
    stop_once(world);
    end(world);
  }
}

}  // namespace

void injected_stop_init(World& world) {
  if (!world.sched.injected_stop.armed) return;
  newm(injected_stopper, nullptr, false, &world.sched.injected_stop.m);
}

void injected_stop_ask(World& world) {
  InjectedStop& stop = world.sched.injected_stop;
  if (!stop.armed) return;
  // A stop that asks for the next one would never end.
  if (getg()->m->mstartfn == injected_stopper) return;
  if (stop.asked.exchange<acq_rel>(1) != 0) return;
  trace(Event::injected, kActStop);
  notewakeup(&stop.wake);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR

#endif
