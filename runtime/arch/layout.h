// One drawing of stacks and of the structures that assembly touches; every relation is asserted.
// SPDX-License-Identifier: Apache-2.0
//
// A goroutine's stack grows down. Checked code compares %rsp with the guard; unchecked code
// (nosplit functions, libc, sanitizer runtimes) may run below it, down to the fence.
//
//   stack.hi  +---------------------------+  first frame
//             |  frames of checked code   |
//   guard  -> +---------------------------+  = stack.lo + StackGuard, the word a prologue compares
//             |  StackSmall               |  smaller frames compare %rsp as it is
//             |  StackReserve             |  nosplit chains, libc, sanitizer runtimes
//   stack.lo  +---------------------------+  moves down when a native stack grows in place
//             |  reserved, not committed  |
//   base      +---------------------------+
//             |  fence                    |  touching it is a fault
//             +---------------------------+
//
// This header is read by the assembler too: only #define above the __ASSEMBLER__ line.
#pragma once

#include "runtime/base/flavour.h"
#include "runtime/base/nosplit.h"

// Prologues of functions with frames of at most this many bytes compare %rsp, not %rsp - frame
// (clang and gcc: 256).
#define StackSmall 256

// What unchecked code may use below the guard. Why these figures: getaddrinfo needs 9.6 KB, throw
// and catch 5.1 KB, a sanitizer's report 10.4 KB and AddressSanitizer's interceptors more.
#if THROWSPLIT_ASAN || THROWSPLIT_TSAN || THROWSPLIT_UBSAN
#define StackReserve (64 * 1024)
#else
#define StackReserve (16 * 1024)
#endif
#define StackGuard (StackReserve + StackSmall)

// The same on a mapped stack, where nothing unchecked runs but our own nosplit code: everything
// else is entered by mcall or systemstack, and signals have a stack of their own. Twice the larger
// of the two budgets below.
#if THROWSPLIT_ASAN || THROWSPLIT_TSAN || THROWSPLIT_UBSAN
#define StackMappedReserve StackReserve
#else
#define StackMappedReserve 2048
#endif
#define StackMappedGuard (StackMappedReserve + StackSmall)

// What of the reserve the runtime's own unchecked code may use: a chain of nosplit functions, and
// what a check calls when it trips. Tight on purpose, so that whoever adds to a chain hears of it:
// runtime/nosplit reads these from the finished binary and holds every chain to them. Largest
// found, of all programs and compilers: 536 and 936 bytes plain; with AddressSanitizer, whose
// __asan_handle_no_return has 2.3 KB, 3672 and 3840; with ThreadSanitizer 1784 and 2072.
#if THROWSPLIT_ASAN
#define StackNosplit 3840
#define StackCheck 4096
#elif THROWSPLIT_TSAN
#define StackNosplit 2048
#define StackCheck 2304
#else
#define StackNosplit 640
#define StackCheck 1024
#endif

// The value a request to stop writes into the guard: above every address, so every check trips.
// (Go: uintptrMask & -1314.)
#define StackPreempt 0xfffffffffffffade

// The guard of a stack whose checks are off.
#define StackUnguarded 0

// G
#define G_SCHED_SP 0
#define G_SCHED_PC 8
#define G_SCHED_BP 16
#define G_M 24
#define G_STACKGUARD0 32
#define G_PREEMPT 48
#define G_SAN 64
// M
#define M_G0 0
#define M_CURG 8
#define M_SCALARARG 32
#define M_LOCKS 48
// What mcall and systemstack save, from sched.sp upwards: r15 r14 r13 r12 rbx rbp, return address.
#define SAVED_BP 40
#define SAVED_PC 48
#define SAVED_BYTES 56
// The thread's block
#define TLS_G 0
#define TLS_HOOK 8
#define TLS_BYTES 16
// HookContext
#define CTX_SP 0
#define CTX_HOST 8
#define CTX_REPLY 16
#define CTX_SELF 24
// HookHost
#define HOST_SP 0
#define HOST_FN 8
#define HOST_SAN 16
// The guard slot that compiler-made prologues read, relative to %fs (glibc:
// tcbhead_t.__private_ss).
#define GUARD_SLOT 0x70

#ifndef __ASSEMBLER__

#include <cstddef>
#include <cstdint>

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

inline constexpr size_t kCacheLineBytes = 64;
inline constexpr size_t kPageBytes = 4096;

// The reserved range of a native goroutine by default, and the soft limit it starts with.
inline constexpr size_t kStackReservedBytesDefault = 256 * 1024;
inline constexpr size_t kStackSoftBytesStart = 8 * 1024;

// What checked code may use of a mapped stack at first; it doubles from there.
inline constexpr size_t kMappedBytesStart = 2 * 1024;
inline constexpr size_t kMappedBytesMaxDefault = 64 << 20;

static_assert(StackGuard > StackSmall);
static_assert(StackNosplit <= StackCheck && StackCheck < StackReserve,
              "below the longest chain something is left for libc");
static_assert(StackMappedReserve >= StackCheck, "what trips fits below a mapped guard");
static_assert(StackPreempt > UINT64_C(0x00007fffffffffff), "above every user address");
static_assert(kStackReservedBytesDefault >= StackGuard + kStackSoftBytesStart + kPageBytes,
              "the smallest soft limit, the reserve and the fence fit into the reserved range");

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
#endif
