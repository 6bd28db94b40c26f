// A collection: shrinks stacks while the world runs, stops it, marks, sweeps, starts it.
// SPDX-License-Identifier: Apache-2.0
//
// Why stacks are looked at first, with the world running: copying is what takes long, and no stack
// needs the world for it, only its owner's absence. Who runs is asked and not waited for: the stop
// that follows brings it to a safe point anyhow, where it does as asked.
//
// The goroutine that collects is at no safe point of its own: what it runs on the system stack may
// hold pointers into its stack (GB-51). It is asked like everybody who runs, and shrinks its stack
// at its next check.
#include "runtime/gc/gc.h"

#include "runtime/base/check.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sync.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// The goroutines of a moment: later ones come before it in the list. Goroutines are never taken
// out.
G* all_goroutines(World& world) {
  Locked locked(&world.sched.lock);
  return world.sched.allgs;
}

void begin_phase(World& world, GcPhase phase) {
  for (G* gp = all_goroutines(world); gp != nullptr; gp = gp->alllink)
    gp->gcworkdone.store<relaxed>(0);
  world.gc.phase.store<seq_cst>(phase);
}

void claim_each(World& world, const G* except) {
  for (G* gp = all_goroutines(world); gp != nullptr; gp = gp->alllink) {
    if (gp == except) continue;
    if (stopg(gp)) restartg(gp);
  }
}

// Nobody runs, so nobody was merely asked.
void check_all_done(World& world) {
  for (G* gp = all_goroutines(world); gp != nullptr; gp = gp->alllink) {
    if (gp->atomicstatus.peek() != Gdead) CHECK_EQ(gp->gcworkdone.peek(), 1u);
  }
}

void mark_roots(World& world) {
  GcHeap* heap = world.gc.heap;
  if (heap == nullptr) return;
  marks_clear(heap);
  for (uint32_t i = 0; i < heap->root_count; i++) {
    mark_range(heap, heap->roots[i].base, heap->roots[i].base + heap->roots[i].bytes);
  }
}

}  // namespace

void gc_collect(World& world) {
  M* mp = acquirem();
  G* self = mp->curg.peek();
  CHECK_EQ(getg(), mp->g0);
  trace(Event::gc_start, self->index);
  begin_phase(world, GCscan);
  claim_each(world, nullptr);

  stoptheworld(world);
  trace(Event::gc_mark, self->index);
  begin_phase(world, GCmark);
  INJECT(gc_marking);
  mark_roots(world);
  scanstack(world, self);
  self->gcworkdone.store<relaxed>(1);
  claim_each(world, self);
  check_all_done(world);
  if (GcHeap* heap = world.gc.heap) {
    mark_all(heap);
    heap_sweep(heap);
    heap->collections++;
  }
  world.gc.phase.store<seq_cst>(GCoff);
  starttheworld(world);
  trace(Event::gc_end, self->index);
  releasem(mp);
}

bool gc_collect_try(World& world) {
  {
    Locked locked(&world.sched.lock);
    if (world.sched.worldsema.held) return false;
    world.sched.worldsema.held = true;
  }
  gc_collect(world);
  semrelease_world_m(world);
  return true;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
