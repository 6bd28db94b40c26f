// The four moves of a system call that nobody disturbs: legal when compiled, one locked step each.
// SPDX-License-Identifier: Apache-2.0
//
// They do what casgstatus, pcas and pset do. Each store that is still on its way when a locked step
// comes is waited for, so that a call and the registers it saves cost more here than elsewhere.
#pragma once

#include "runtime/base/check.h"
#include "runtime/gmp/gmp.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

template <MoveKind kKind, uint32_t kFrom, uint32_t kTo>
constexpr int legal_move() {
  constexpr int row = move_index(kKind, kFrom, kTo);
  static_assert(row >= 0, "not in moves.def");
  return row;
}

// True: it had to wait; see casgstatus.
template <GStatus kFrom, GStatus kTo>
ALWAYS_INLINE bool casgstatus_at_once(G* gp) {
  constexpr int row = legal_move<MoveKind::g, kFrom, kTo>();
  const bool waits = !gp->atomicstatus.cas<seq_cst>(uint32_t{kFrom}, uint32_t{kTo});
  if (UNLIKELY(waits)) casgstatus_wait(gp, kFrom, kTo);
  made_move(row, gp->index);
  return waits;
}

template <PStatus kFrom, PStatus kTo>
ALWAYS_INLINE bool pcas_at_once(P* pp) {
  constexpr int row = legal_move<MoveKind::p, kFrom, kTo>();
  if (!pp->status.cas<seq_cst>(uint32_t{kFrom}, uint32_t{kTo})) return false;
  made_move(row, pp->id);
  return true;
}

template <PStatus kFrom, PStatus kTo>
ALWAYS_INLINE void pset_at_once(P* pp) {
  constexpr int row = legal_move<MoveKind::p, kFrom, kTo>();
  const uint32_t found_p = pp->status.exchange<seq_cst>(uint32_t{kTo});
  CHECK_EQ(found_p, uint32_t{kFrom});
  made_move(row, pp->id);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
