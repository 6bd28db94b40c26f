// copystack: moves a mapped stack and every word that points into it.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/gmp/gmp.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// Moves gp to a stack on which checked code may use `bytes`.
// Needs: the system stack; gp is mapped, runs on this M or is claimed by its scan bit, has left
// through mcall or systemstack, and is in no system call. May die: a live frame without a map, or
// one that may not move; no memory. Leaves: g.sched, frames, the chain of frame pointers and
// StackRefs at the new place; the old range in quarantine. The caller writes the guard.
void copystack(G* gp, size_t bytes);
// The same for who can do without. False: no memory; nothing has changed.
bool copystack_try(G* gp, size_t bytes);

// Doubles until a frame of `frame_bytes` below `sp` passes its check. False: more than the World's
// limit.
bool stack_grow_by_moving(G* gp, uintptr_t sp, uintptr_t frame_bytes);

// Lends a slot of gp's stack to others, and takes it back. Needs: ref lives elsewhere.
void stackref_add(G* gp, StackRef* ref, uintptr_t slot);
void stackref_remove(G* gp, StackRef* ref);
// Writes to a lent slot wherever it is by now, as a channel send does. False: not lent any more.
bool stackref_write(G* gp, const StackRef* ref, const void* from, size_t bytes);

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
