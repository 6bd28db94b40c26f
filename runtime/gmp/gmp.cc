// Status words of G and P: the only functions that move them, and the table that refuses.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/gmp/gmp.h"

#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/upcalls.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

[[noreturn]] NOSPLIT COLD void badcasgstatus(G* gp, uint32_t oldval, uint32_t newval);
[[noreturn]] NOSPLIT COLD void casgstatus_stale(G* gp, uint32_t oldval, uint32_t found);
[[noreturn]] NOSPLIT COLD void badscanstatus(G* gp, uint32_t oldval, uint32_t newval);
[[noreturn]] NOSPLIT COLD void badpmove(P* pp, uint32_t oldval, uint32_t newval);

void badcasgstatus(G* gp, uint32_t oldval, uint32_t newval) {
  ThrowDetail details[] = {{"goid", gp->goid}, {"oldval", oldval}, {"newval", newval}};
  throw_details("casgstatus: bad incoming values", details, 3);
}

void casgstatus_stale(G* gp, uint32_t oldval, uint32_t found) {
  ThrowDetail details[] = {{"goid", gp->goid}, {"expected", oldval}, {"found", found}};
  throw_details("casgstatus: goroutine is not where its mover thinks", details, 3);
}

void badscanstatus(G* gp, uint32_t oldval, uint32_t newval) {
  ThrowDetail details[] = {{"goid", gp->goid}, {"oldval", oldval}, {"newval", newval}};
  throw_details("scan bit: bad incoming values", details, 3);
}

constexpr uint32_t kScanRankBit = 1u << static_cast<uint32_t>(LockRank::scan);

// The work that a scanner asked of a goroutine which now leaves its M, done by that M.
void helpcasgstatus(void* raw) {
  G* gp = static_cast<G*>(raw);
  gp->preemptscan.store<relaxed>(0);
  gcphasework(gp);
}

// A dying goroutine has nothing left to look at.
ALWAYS_INLINE bool may_help(G* gp, uint32_t oldval, uint32_t newval) {
  if (oldval != Grunning || newval == Gdead) return false;
  if (gp->preemptscan.load<acquire>() == 0) return false;
  return gp->gcworkdone.load<acquire>() == 0;
}

}  // namespace

// Apart, so that the way that is always taken saves no registers.
void casgstatus_wait(G* gp, uint32_t oldval, uint32_t newval) {
  // Its scanner may be waiting for that lock. (Tests move statuses on threads that are no Ms.)
  if (G* self = getg()) CHECK_LT(self->m->held_ranks, kScanRankBit);
  do {
    // Only a scanner may be in the way, and it will leave. Any other status means that two agents
    // believe they own this goroutine: waiting for it could last for ever.
    uint32_t found = gp->atomicstatus.load<acquire>();
    if (found != oldval && found != (oldval | Gscan)) casgstatus_stale(gp, oldval, found);
    // Not in Gsyscall, as the seed has it: there the scanner does the work itself, right now.
    if (may_help(gp, oldval, newval)) systemstack(helpcasgstatus, gp);
    os_procyield(1);
  } while (!gp->atomicstatus.cas<seq_cst>(oldval, newval));
}

namespace {

void badpmove(P* pp, uint32_t oldval, uint32_t newval) {
  ThrowDetail details[] = {{"p", pp->id}, {"oldval", oldval}, {"newval", newval}};
  throw_details("P moved illegally", details, 3);
}

}  // namespace

bool casgstatus(G* gp, uint32_t oldval, uint32_t newval) {
  int row = move_index(MoveKind::g, oldval, newval);
  if (UNLIKELY(row < 0 || ((oldval | newval) & Gscan) != 0)) badcasgstatus(gp, oldval, newval);
  const bool waits = !gp->atomicstatus.cas<seq_cst>(oldval, newval);
  if (UNLIKELY(waits)) casgstatus_wait(gp, oldval, newval);
  made_move(row, gp->index);
  return waits;
}

bool castogscanstatus(G* gp, uint32_t oldval, uint32_t newval) {
  const int row = move_index(MoveKind::g, oldval, newval);
  if (row < 0 || newval != (oldval | Gscan)) badscanstatus(gp, oldval, newval);
  M* mp = getg()->m;
  CHECK_LT(mp->held_ranks, kScanRankBit);  // also refuses a second scan bit
  if (!gp->atomicstatus.cas<seq_cst>(oldval, newval)) return false;
  mp->held_ranks |= kScanRankBit;
  made_move(row, gp->index);
  return true;
}

void casfromgscanstatus(G* gp, uint32_t oldval, uint32_t newval) {
  const int row = move_index(MoveKind::g, oldval, newval);
  if (row < 0 || oldval != (newval | Gscan)) badscanstatus(gp, oldval, newval);
  M* mp = getg()->m;
  CHECK((mp->held_ranks & kScanRankBit) != 0);
  mp->held_ranks &= ~kScanRankBit;
  const uint32_t found_scan = gp->atomicstatus.exchange<seq_cst>(newval);
  CHECK_EQ(found_scan, oldval);  // nobody moves a goroutine that a scanner holds
  made_move(row, gp->index);
}

bool pcas(P* pp, uint32_t oldval, uint32_t newval) {
  int row = move_index(MoveKind::p, oldval, newval);
  if (UNLIKELY(row < 0)) badpmove(pp, oldval, newval);
  if (!pp->status.cas<seq_cst>(oldval, newval)) return false;
  made_move(row, pp->id);
  return true;
}

void pset(P* pp, uint32_t oldval, uint32_t newval) {
  int row = move_index(MoveKind::p, oldval, newval);
  if (UNLIKELY(row < 0)) badpmove(pp, oldval, newval);
  // An exchange, not a plain store: publishing needs the full fence, and the old value is the
  // check.
  const uint32_t found_p = pp->status.exchange<seq_cst>(newval);
  CHECK_EQ(found_p, oldval);
  made_move(row, pp->id);
}

void trace_write(M* mp, Event event, uint32_t a, uint32_t b) {
  mp->ring->write(event, mp->id, a, b);
}

const char* gstatus_name(uint32_t status) {
  switch (status) {
    case Gidle:         return "idle";
    case Grunnable:     return "runnable";
    case Grunning:      return "running";
    case Gsyscall:      return "syscall";
    case Gwaiting:      return "waiting";
    case Gdead:         return "dead";
    case Gscanrunnable: return "scanrunnable";
    case Gscanrunning:  return "scanrunning";
    case Gscansyscall:  return "scansyscall";
    case Gscanwaiting:  return "scanwaiting";
    default:            return "???";
  }
}

const char* pstatus_name(uint32_t status) {
  switch (status) {
    case Pidle:    return "idle";
    case Prunning: return "running";
    case Psyscall: return "syscall";
    case Pgcstop:  return "gcstop";
    default:       return "???";
  }
}

void bind_g(G* gp) {
  gp->stackguard0.bind(gp->index);
  gp->preempt.bind(gp->index);
  gp->atomicstatus.bind(gp->index);
  gp->parktoken.bind(gp->index);
  gp->parkingm.bind(gp->index);
  gp->preemptscan.bind(gp->index);
  gp->gcworkdone.bind(gp->index);
  gp->stackrefs_lock.rank = LockRank::stack;
  gp->stackrefs_lock.key.bind(gp->index);
}

void bind_m(M* mp) {
  mp->curg.bind(mp->id);
  mp->p.bind(mp->id);
  mp->spinning.bind(mp->id);
  mp->park.key.bind(mp->id);
}

void bind_p(P* pp) {
  pp->status.bind(pp->id);
  pp->m.bind(pp->id);
  pp->schedtick.bind(pp->id);
  pp->syscalltick.bind(pp->id);
  pp->runqhead.bind(pp->id);
  pp->runqtail.bind(pp->id);
  for (auto& slot : pp->runq)
    slot.bind(pp->id);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
