// The edges of a system call: the subject of this project. See docs/syscall.md.
// SPDX-License-Identifier: Apache-2.0
//
// Once Syscall has been called, its six integer arguments may be pointers into the caller's stack,
// and nobody knows which. So from entersyscall to exitsyscall that stack may not grow, move or be
// preempted:
//  - everything that runs on it is NOSPLIT;
//  - the guard is poisoned and g.throwsplit is up, so that a check that slipped in dies at once;
//  - anything heavier hops to the M's system stack, which overwrites g.sched, so after every such
//    excursion g.sched is saved again.
#pragma once

#include "runtime/gmp/gmp.h"
#include "runtime/upcalls.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// entersyscall, entersyscallblock and exitsyscall are declared in runtime/upcalls.h: the assembly
// stub calls them.

// Records where gp stands, for collectors and tracebacks. Does not resume anything.
NOSPLIT void save(G* gp, uintptr_t pc, uintptr_t sp, uintptr_t bp);

NOSPLIT bool exitsyscallfast(P* oldp);

// systemstack(fn, nullptr) where a transition seldom comes by; costs the usual way no register.
NOSPLIT COLD PRESERVE_MOST void systemstack_rarely(void (*fn)(void*));

// fn(arg) on the system stack, as a call that is known to block; the value, and errno as fn left
// it. Mapped code may call it as it calls Syscall: its frame lives only while the stack is frozen.
struct BlockingCall {
  long (*fn)(void*);
  void* arg;
  long value;
  int error;
};
NOSPLIT NOINLINE void blocking_edges(BlockingCall* call);

extern "C" {
// nr and up to six arguments; -errno on failure. Runs on the goroutine's own stack.
NOSPLIT long Syscall(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
    ASM_NAME(Syscall);
// The caller knows that the call will block: the P is handed off at once.
NOSPLIT long Syscallblock(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
    ASM_NAME(Syscallblock);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
