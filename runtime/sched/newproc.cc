// Goroutines: made, started, ended, made again.
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

G* goexit0(G* gp) {
  World& world = this_world();
  Sched& sched = world.sched;
  CHECK(stack_guard_words_intact(gp));
  CHECK_EQ(gp->syscallsp, 0u);
  CHECK_EQ(gp->throwsplit, false);
  casgstatus(gp, Grunning, Gdead);
  unlock_dead(getg()->m, gp);
  dropg();
  gp->ends++;
  gp->startfn = nullptr;
  trace(Event::go_end, gp->index);
  // Outside of sched.lock: all of it is filled, and another one is looked at.
  const bool mapped = gp->mapped;
  if (mapped) stackpool_release(world, gp);
  bool last;
  {
    Locked locked(&sched.lock);
    // Odd sizes are not kept: the next goroutine asks for the default.
    if (!mapped && gp->stack.hi - gp->stack.base != world.settings.stack_bytes) {
      stackfree(gp, false);
    }
    sched.gfree.push(gp);
    last = sched.goroutines.add<acq_rel>(~uint32_t{0}) == 0;
  }
  if (last) world_done(world);
  return nullptr;
}

// The bottom frame of every goroutine. noexcept: an exception that nobody catches ends the program
// here, with the goroutine's frames still there to see. Left out of the sanitizers: its frame is
// never left.
void goroutine_main(void* arg) noexcept;
NO_SANITIZE void goroutine_main(void* arg) noexcept {
  G* gp = static_cast<G*>(arg);
  gp->startfn(gp->startarg);
  mcall(goexit0);
}

// A G that is on no list, with a stack. Needs sched.lock. Null: no memory.
G* gfget(World& world, size_t stack_bytes, bool mapped) {
  Sched& sched = world.sched;
  G* gp = sched.gfree.pop();
  if (gp == nullptr) {
    GSlab* slab = world.slabs;
    if (slab == nullptr || slab->used == GSlab::kGs) {
      void* memory = os_alloc(sizeof(GSlab));
      if (memory == nullptr) return nullptr;
      slab = new (memory) GSlab;
      slab->next = world.slabs;
      world.slabs = slab;
    }
    gp = &slab->gs[slab->used++];
    gp->index = sched.gcount_made++;
    bind_g(gp);
    casgstatus(gp, Gidle, Gdead);
    gp->alllink = sched.allgs;
    sched.allgs = gp;
  }
  size_t have = gp->stack.hi - gp->stack.base;
  if (mapped) {
    if (have != 0) stackfree(gp, false);
    gp->mapped = stackpool_take(world, gp);
    if (!gp->mapped) sched.gfree.push(gp);
    return gp->mapped ? gp : nullptr;
  }
  if (have != 0 && stack_bytes != 0 && have != stack_bytes) {
    stackfree(gp, false);
    have = 0;
  }
  size_t want = stack_bytes != 0 ? stack_bytes : world.settings.stack_bytes;
  if (have == 0 && !stackalloc(gp, want)) {
    sched.gfree.push(gp);
    return nullptr;
  }
  return gp;
}

// Mapped code is called with no frame of ours between it and the bottom: none that has no map.
void prepare_start(G* gp) {
  auto* start = gp->mapped ? gostart_mapped : gostart;
  void* fn =
      gp->mapped ? reinterpret_cast<void*>(gp->startfn) : reinterpret_cast<void*>(goroutine_main);
  gp->sched.sp = prepare_stack(gp->stack.hi, start, fn, gp->mapped ? gp->startarg : gp, 0);
  gp->sched.pc = reinterpret_cast<uintptr_t>(start);
}

struct NewprocArgs {
  void (*fn)(void*);
  void* arg;
  size_t stack_bytes;
  G* made;
  bool mapped = false;
};

void newproc_m(void* raw) {
  auto* args = static_cast<NewprocArgs*>(raw);
  M* mp = acquirem();
  World& world = *mp->world;
  Sched& sched = world.sched;
  G* gp;
  {
    Locked locked(&sched.lock);
    gp = gfget(world, args->stack_bytes, args->mapped);
    if (gp == nullptr) {
      args->made = nullptr;
    } else {
      gp->goid = ++sched.goidgen;
      sched.goroutines.add<relaxed>(1);
    }
  }
  if (gp != nullptr) {
    if (!gp->mapped) stack_reset(gp);
    gp->startfn = args->fn;
    gp->startarg = args->arg;
    gp->waitreason = "";
    gp->cxa_caught = nullptr;
    gp->cxa_uncaught = 0;
    gp->parktoken.init(0);
    gp->preempt.init(0);
    gp->stackmove = false;
    gp->preemptscan.init(0);
    prepare_start(gp);
    gp->sched.bp = 0;
    args->made = gp;
    trace(Event::go_create, gp->index);
    casgstatus(gp, Gdead, Grunnable);
    P* pp = mp->p.peek();
    if (pp != nullptr) {
      runqput(world, pp, gp);
    } else {
      Locked locked(&sched.lock);
      globrunqput(world, gp);
    }
    if (sched.npidle.load<seq_cst>() != 0) wakep();
  }
  releasem(mp);
}

}  // namespace

G* newproc(void (*fn)(void*), void* arg, size_t stack_bytes) {
  NewprocArgs args = {fn, arg, stack_bytes, nullptr};
  systemstack(newproc_m, &args);
  return args.made;
}

G* newproc_mapped(void (*fn)(void*), void* arg) {
  NewprocArgs args = {fn, arg, 0, nullptr, true};
  systemstack(newproc_m, &args);
  return args.made;
}

G* goexit_mapped(G* gp) { return goexit0(gp); }

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
