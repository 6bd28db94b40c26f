// The short list of functions that low rooms call and high rooms define; hooks have their own.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/base/flavour.h"
#include "runtime/base/nosplit.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

struct ThrowDetail;
struct G;
struct World;

extern "C" {
// A split check tripped (called by __morestack). `frame_bytes`: what the function wants; `sp`: the
// caller's. Defined in sched.
NOSPLIT void morestack(uintptr_t frame_bytes, uintptr_t sp) ASM_NAME(morestack);

// What mapped code comes to when its check trips, and when it ends; both from arch by mcall.
G* newstack_mapped(G* gp) ASM_NAME(newstack_mapped);
G* goexit_mapped(G* gp) ASM_NAME(goexit_mapped);

// The edges of a system call (called by the Syscall stub). Defined in syscall.
NOSPLIT void entersyscall(uintptr_t pc, uintptr_t sp, uintptr_t bp) ASM_NAME(entersyscall);
NOSPLIT void entersyscallblock(uintptr_t pc, uintptr_t sp, uintptr_t bp)
    ASM_NAME(entersyscallblock);
NOSPLIT void exitsyscall() ASM_NAME(exitsyscall);
}

// A scanner's work on a goroutine: shrinks its stack, or marks what it points at, as the phase of
// the collection is. Needs: the scan bit, or to be the M that runs it, on the system stack. Defined
// in gc.
void gcphasework(G* gp);
// Gives back a World's collected heap. Needs: nobody runs in it. Defined in gc.
void gcheap_free(World* world);

// Last words, then the end; runs on the caller's stack or the system stack. Defined in sched.
struct CrashReason {
  const char* reason;          // constant text
  const ThrowDetail* details;  // printed before it
  uint32_t detail_count;
  const char* where;  // "file:line: condition", or null
};
[[noreturn]] NOSPLIT void crash_report(const CrashReason* reason);

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
