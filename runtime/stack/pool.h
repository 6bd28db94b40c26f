// The stacks of mapped goroutines: size classes, and a quarantine for ranges that were left.
// SPDX-License-Identifier: Apache-2.0
//
// A stack that moved away leaves words behind that somebody may still point at. Its old range is
// filled with a pattern, poisoned for AddressSanitizer, and not used again before kQuarantined
// others have been left; then the pattern is compared: a write through a stale pointer is fatal.
#pragma once

#include "runtime/gmp/gmp.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

inline constexpr uint64_t kOldStackPattern = 0x6d6f766564617761;  // "movedawa"

// The whole block of a stack of which checked code may use `bytes`: the kernel hands out pages.
constexpr size_t stackpool_block_bytes(size_t bytes) {
  return (bytes + StackMappedGuard + kPageBytes - 1) & ~(kPageBytes - 1);
}

// A stack on which checked code may use `bytes` (2 KiB times a power of two); its bounds and guard
// in *range. False: the kernel refuses memory.
bool stackpool_alloc(World& world, size_t bytes, StackRange* range);
// Poisons a range that nothing runs on any more.
void stackpool_leave(World& world, const StackRange& range);

// A first stack for a goroutine about to be made, and the end of a goroutine's stack.
bool stackpool_take(World& world, G* gp);
void stackpool_release(World& world, G* gp);

// At the end of a World, when nobody runs in it: one goroutine's stack, live if it was abandoned;
// what an M had in its hands; then everything else. What was written to an old stack of an
// abandoned World is a matter for who abandoned it.
void stackpool_drop(G* gp, bool live);
void stackpool_drop(M* mp, bool abandoned);
void stackpool_free(World* world, bool abandoned);

// False: somebody wrote to this range since it was left.
bool stackpool_old_intact(const StackPool::Old& old);
// The same of all ranges in quarantine. O(n); needs that nothing else runs, or the lock.
bool stackpool_verify(const StackPool& pool);

// What checked code may use of a mapped stack.
ALWAYS_INLINE size_t mapped_bytes(const StackRange& range) {
  return range.hi - range.lo - range.guard_bytes;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
