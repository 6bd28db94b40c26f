// Tells ThreadSanitizer what raw system calls order: a write happens before the read that meets it.
// SPDX-License-Identifier: Apache-2.0
//
// ThreadSanitizer learns such edges from libc's wrappers, which goroutines do not call. Both
// kernels call these two around every system call; without ThreadSanitizer they are nothing.
//
// Conservative, like ThreadSanitizer's own rule: an edge leads from every write on a pipe, a socket
// pair or a descriptor to every later read of it, whichever bytes that read got. Such an edge can
// hide a race, never invent one.
#pragma once

#include "runtime/base/flavour.h"
#include "runtime/base/nosplit.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

#if THROWSPLIT_TSAN
// With the call's number and first argument; afterwards also the array that pipe2 (first argument)
// or socketpair (fourth) filled. May not: split (they run between enter and exit).
NOSPLIT void io_order_before(long nr, long a1);
NOSPLIT void io_order_after(long nr, long a1, long a4, long result);
#else
ALWAYS_INLINE void io_order_before(long, long) {}
ALWAYS_INLINE void io_order_after(long, long, long, long) {}
#endif

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
