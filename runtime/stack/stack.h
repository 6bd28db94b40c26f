// Native stacks: reserved ranges with a soft limit that moves down in place.
// SPDX-License-Identifier: Apache-2.0
//
// Nothing moves here, so any C++ is sound on a native stack: a tripped check lowers the limit, the
// kernel commits pages on touch. Rejected: adjusting every word that looks like a pointer (corrupts
// 5 to 10 % of runs at -O0), segmented stacks (777 to 1002 ns a call at the edge of a segment).
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/gmp/gmp.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// Gives gp a stack of `bytes` (rounded up to pages). False: the kernel refuses memory.
bool stackalloc(G* gp, size_t bytes);
// What stackalloc makes of a wish: whole pages, and room for the least stack that can grow.
size_t stack_rounded(size_t bytes);
// Needs: nothing runs on it; an abandoned one (live frames) says so.
void stackfree(G* gp, bool abandoned);
// Back to the soft limit and guard of a fresh stack.
void stack_reset(G* gp);

// The guard as it is when nobody asks for anything.
ALWAYS_INLINE uintptr_t stack_guard(const G* gp) { return gp->stack.lo + gp->stack.guard_bytes; }

// Lowers the limit until a frame of `frame_bytes` below `sp` passes its check. False: overflow.
// NOSPLIT: it also runs on the goroutine itself, whose check has just tripped.
NOSPLIT bool stack_grow_in_place(G* gp, uintptr_t sp, uintptr_t frame_bytes);
// Raises the limit to half of what checked code may use, but not above that of a fresh stack, and
// gives the pages below back. Needs: gp does not run; `used` bytes of it are live.
bool stack_shrink_in_place(G* gp, uintptr_t used);

// ---- Shrinking, in a collection (shrink.cc) ----------------------------------------------------

// Dies unless whoever calls owns gp's stack: nobody runs on it, and nobody will until he lets go
// (GB-50). Needs: the system stack.
void stack_check_owned(const G* gp);
// False: a pointer that nobody can adjust may lead into the stack. In a system call, or in a park
// window.
bool stack_may_shrink(G* gp);
// Halves what checked code may use of gp's stack if less than a quarter is in use: a mapped stack
// moves, a native one gives pages back. Needs: the system stack; gp is at a safe point, and this
// M's: by the scan bit, or because it runs gp. May die: at a bad time (stack_may_shrink).
// True: it is smaller now. The caller writes the guard before gp runs again.
bool shrinkstack(G* gp);

// The guard words of an unfenced stack are as they were written.
bool stack_guard_words_intact(const G* gp);

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
