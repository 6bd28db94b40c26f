// A split check tripped: die, give way, grow, or find that it was nothing.
// SPDX-License-Identifier: Apache-2.0
//
// The guard has two copies: g.stackguard0, the truth, and the slot that prologues read. Who asks a
// goroutine to give way writes flag, truth, slot, in this order; who writes a clean slot re-reads
// the flag after a full fence. A slot may trip for nothing (the request was for the goroutine that
// ran here before); the truth tells.
#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/copystack.h"
#include "runtime/stack/pool.h"
#include "runtime/stack/stack.h"
#include "runtime/sync/sync.h"
#include "runtime/upcalls.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

[[noreturn]] NOSPLIT COLD void throw_overflow(G* gp, uintptr_t frame_bytes);
void throw_overflow(G* gp, uintptr_t frame_bytes) {
  ThrowDetail details[] = {{"goid", gp->goid},
                           {"frame bytes", frame_bytes},
                           {"stack bytes", gp->stack.hi - gp->stack.base}};
  throw_details("stack overflow", details, 3);
}

// No step, no event, and a poisoned guard stays poisoned: whether this check exists at all was the
// inliner's choice.
NOSPLIT void grow_silently(G* gp, uintptr_t sp, uintptr_t frame_bytes);
void grow_silently(G* gp, uintptr_t sp, uintptr_t frame_bytes) {
  bool clean = gp->stackguard0.peek() == stack_guard(gp);
  if (sp - frame_bytes <= stack_guard(gp) && !stack_grow_in_place(gp, sp, frame_bytes)) {
    throw_overflow(gp, frame_bytes);
  }
  if (!clean) return;
  gp->stackguard0.init(stack_guard(gp));
  if (guard_slot_read() != StackPreempt) guard_slot_write(stack_guard(gp));
}

// Moves a stack that is large enough, as an injected action or a debug mode asked. Returns where sp
// is by then. Not with a lock of the runtime held: a move takes one.
uintptr_t move_if_asked(G* gp, uintptr_t sp) {
  if (!gp->stackmove) return sp;
  gp->stackmove = false;
  if (getg()->m->held_ranks != 0) return sp;
  const uintptr_t below_hi = gp->stack.hi - sp;
  copystack(gp, mapped_bytes(gp->stack));
  return gp->stack.hi - below_hi;
}

// It is here that a running goroutine does what a scanner asked: at a safe point, its own. Returns
// where sp is by then. Before there is room for the frame: the stack may shrink.
uintptr_t look_if_asked(G* gp, uintptr_t sp) {
  if (gp->preemptscan.peek() == 0 || getg()->m->locks != 0) return sp;
  gp->preemptscan.store<relaxed>(0);
  const uintptr_t below_hi = gp->stack.hi - sp;
  gcphasework(gp);
  return gp->stack.hi - below_hi;
}

// The request is the goroutine's own affair: no flag that others read, only a check that trips.
NOSPLIT void ask_move(G* gp);
void ask_move(G* gp) {
  gp->stackmove = true;
  gp->stackguard0.store<relaxed>(StackPreempt);
  guard_slot_write(StackPreempt);
}

}  // namespace

void morestack(uintptr_t frame_bytes, uintptr_t sp) {
  G* gp = getg();
  M* mp = gp->m;
  if (gp == mp->g0) {
    // Somebody poisoned the slot for the goroutine that ran here a moment ago.
    uintptr_t guard = gp->stackguard0.peek();
    guard_slot_write(guard);
    if (sp - frame_bytes <= guard) {
      // The last words are checked code and run right here, in the reserve.
      gp->stackguard0.init(StackUnguarded);
      guard_slot_write(StackUnguarded);
      throw_("stack overflow on the system stack");
    }
    return;
  }
  // Of the M's user goroutine: Go read the flag of g0 for four weeks, and the check never fired.
  if (mp->curg.peek()->throwsplit) throw_("runtime: stack split at bad time");
  // No unmapped frame may be live on a mapped stack when a check trips: newstack says which.
  if (mp->world->settings.canonical_checks && !gp->mapped) {
    grow_silently(gp, sp, frame_bytes);
    return;
  }
  do {
    mp = gp->m;
    mp->scalararg[0] = frame_bytes;
    mp->scalararg[1] = sp;
    mcall(newstack);
    // Once more if a collection took the room back while gp was off its M: this is the only check.
  } while (sp - frame_bytes <= stack_guard(gp));
}

void morestack_canonical(uint32_t grown_bytes) {
  G* gp = getg();
  M* mp = gp->m;
  if (UNLIKELY(mp->world->settings.preempt_at_checks)) preempt_self(gp);
  if (guard_slot_read() != StackPreempt && grown_bytes == 0) {
    trace(Event::safe_point, gp->index);
    return;
  }
  if (mp->curg.peek()->throwsplit) throw_("runtime: stack split at bad time, at a canonical check");
  mp->scalararg[0] = 0;
  mp->scalararg[1] = gp->stack.hi;  // above the guard: nothing to grow for real
  mcall(newstack);
  if (grown_bytes != 0) trace(Event::stack_grow, gp->index, grown_bytes);
}

void check_mapped() {
  G* gp = getg();
  INJECT(mapped_check);
  const Settings& settings = gp->m->world->settings;
  if (UNLIKELY(settings.move_at_checks)) ask_move(gp);
  if (UNLIKELY(settings.preempt_at_checks)) preempt_self(gp);
}

void check_mapped_passed() { trace(Event::safe_point, getg()->index); }

G* newstack(G* gp) {
  M* mp = getg()->m;
  uintptr_t frame_bytes = mp->scalararg[0];
  uintptr_t sp = mp->scalararg[1];
  CHECK_EQ(gp, mp->curg.peek());
  if (gp->throwsplit) throw_("runtime: stack split at bad time, found on the system stack");
  CHECK_EQ(plainstatus(gp), uint32_t{Grunning});
  INJECT(newstack_window);
  sp = look_if_asked(gp, move_if_asked(gp, sp));
  // Before it gives way: native code does not check again when it comes back.
  if (sp - frame_bytes <= stack_guard(gp)) {
    const bool grown = gp->mapped ? stack_grow_by_moving(gp, sp, frame_bytes)
                                  : stack_grow_in_place(gp, sp, frame_bytes);
    if (!grown) throw_overflow(gp, frame_bytes);
    const uintptr_t lo = gp->mapped ? stack_guard(gp) : gp->stack.lo;
    trace(Event::stack_grow, gp->index, static_cast<uint32_t>(gp->stack.hi - lo));
  }
  if (gp->preempt.load<relaxed>() != 0) {
    if (mp->locks == 0) {
      trace(Event::preempt_honoured, gp->index);
      return gosched_m(gp);
    }
    // Not now. The flag stays; whoever drops the last lock poisons the guard again.
    gp->stackguard0.store<relaxed>(stack_guard(gp));
  } else if (gp->stackguard0.load<relaxed>() != stack_guard(gp)) {
    gp->stackguard0.store<relaxed>(stack_guard(gp));
  }
  return gp;
}

G* newstack_mapped(G* gp) { return newstack(gp); }

bool preemptone(P* pp) {
  M* mp = pp->m.load<acquire>();
  if (mp == nullptr || mp == getg()->m) return false;
  G* gp = mp->curg.load<acquire>();
  if (gp == nullptr) return false;
  // mp may be running another goroutine by now; then this one gives way once for nothing.
  gp->preempt.store<seq_cst>(1);
  INJECT(preemptone_window);
  gp->stackguard0.store<release>(StackPreempt);
#if THROWSPLIT_HOOKS
  hook_site(site_of(Field::m_guard_slot, Access::store), mp->id);
#endif
  os_guard_write(mp->guard_handle, StackPreempt);
  trace(Event::preempt_request, gp->index, mp->id);
  return true;
}

void preemptall(World& world) {
  for (uint32_t i = 0; i < world.settings.procs; i++) {
    P* pp = &world.allp[i];
    if (pp->status.load<seq_cst>() == Prunning) preemptone(pp);
  }
}

void preempt_self(G* gp) {
  gp->preempt.store<relaxed>(1);
  gp->stackguard0.store<relaxed>(StackPreempt);
  guard_slot_write(StackPreempt);
}

void inject_act(uint64_t actions) {
  G* gp = getg();
  if (gp == nullptr) return;
#if THROWSPLIT_HOOKS
  if ((actions & kActStop) != 0) injected_stop_ask(*gp->m->world);
#endif
  // The system stack is never preempted, and never moves.
  if (gp == gp->m->g0) return;
  if ((actions & kActPreempt) != 0) {
    preempt_self(gp);
    trace(Event::injected, kActPreempt);
  }
  if ((actions & kActMove) != 0 && gp->mapped) {
    ask_move(gp);
    trace(Event::injected, kActMove);
  }
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
