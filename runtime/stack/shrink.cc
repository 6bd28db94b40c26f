// shrinkstack: a collection gives back what a stack no longer needs.
// SPDX-License-Identifier: Apache-2.0
//
// A stack shrinks by moving, so it shrinks only where it may move: at a safe point, and while no
// pointer into it is in the hands of somebody who cannot be told.
//  - In a system call six integers may be such pointers, and nobody knows which: never.
//  - In the park window (the goroutine waits already, and its M still runs unlockf for it) unlockf
//    may look at what it was given, which may lie on that stack: never. The M says so in
//    g.parkingm before it makes the goroutine Gwaiting, so whoever got the scan bit sees it.
// Whether it may is read from the goroutine alone: what its last M does now says nothing (GB-12).
#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/stack/copystack.h"
#include "runtime/stack/pool.h"
#include "runtime/stack/stack.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

void stack_check_owned(const G* gp) {
  M* mp = getg()->m;
  CHECK_EQ(getg(), mp->g0);
  const bool running_here = mp->curg.peek() == gp;
  CHECK(running_here || (gp->atomicstatus.peek() & Gscan) != 0);
}

namespace {

bool shrink_mapped(G* gp, uintptr_t used) {
  const size_t have = mapped_bytes(gp->stack);
  if (have <= kMappedBytesStart || used >= have / 4) return false;
  const size_t half = have / 2;
  if (!copystack_try(gp, half)) return false;  // no memory: it stays as large as it is
  trace(Event::stack_shrink, gp->index, static_cast<uint32_t>(half));
  return true;
}

}  // namespace

bool stack_may_shrink(G* gp) {
  if (gp->syscallsp != 0 || gp->throwsplit) return false;
  return !gp->mapped || gp->parkingm.load<acquire>() == nullptr;
}

bool shrinkstack(G* gp) {
  stack_check_owned(gp);
  if (gp->syscallsp != 0) throw_("shrinkstack at bad time: in a system call");
  if (gp->parkingm.peek() != nullptr) throw_("shrinkstack at bad time: in a park window");
  // What is in use counts down to where the goroutine was left, registers and all. The reserve
  // below the guard is extra, before and after (GB-13).
  const uintptr_t used = gp->stack.hi - gp->sched.sp;
  if (gp->mapped) return shrink_mapped(gp, used);
  // Where compilers put checks, and so how far a native stack has grown, may change no simulated
  // run.
  if (this_world().settings.canonical_checks) return false;
  return stack_shrink_in_place(gp, used);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
