// Native stacks: reserved ranges with a soft limit that moves down in place.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/stack/stack.h"

#include "runtime/base/check.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

constexpr uint64_t kGuardWord = 0x7472686f77737031;  // "throwsp1"
constexpr int kGuardWords = 8;

uint64_t* guard_words(const G* gp) { return reinterpret_cast<uint64_t*>(gp->stack.base); }

// The lowest soft limit: under it the reserve is still ours, under that lies the fence page.
ALWAYS_INLINE uintptr_t lowest_lo(const G* gp) { return gp->stack.base + kPageBytes; }

}  // namespace

size_t stack_rounded(size_t bytes) {
  constexpr size_t kLeast =
      (StackGuard + kStackSoftBytesStart + 2 * kPageBytes - 1) & ~(kPageBytes - 1);
  if (bytes < kLeast) return kLeast;
  if (bytes > SIZE_MAX - kPageBytes) return bytes;  // no kernel has so much
  return (bytes + kPageBytes - 1) & ~(kPageBytes - 1);
}

bool stackalloc(G* gp, size_t bytes) {
  if (INJECT_FAIL(stack_alloc)) return false;
  bytes = stack_rounded(bytes);
  void* memory = os_stack_alloc(bytes, &gp->san);
  if (memory == nullptr) return false;
  gp->stack.base = reinterpret_cast<uintptr_t>(memory);
  gp->stack.hi = gp->stack.base + bytes;
  gp->stack.fenced = os_fence(memory, kPageBytes);
  if (!gp->stack.fenced) {
    for (int i = 0; i < kGuardWords; i++)
      guard_words(gp)[i] = kGuardWord;
  }
  stack_reset(gp);
  return true;
}

void stackfree(G* gp, bool abandoned) {
  if (gp->stack.base == 0) return;
  if (abandoned) san_context_abandon(&gp->san);
  os_stack_free(reinterpret_cast<void*>(gp->stack.base), gp->stack.hi - gp->stack.base, &gp->san);
  gp->stack = StackRange();
}

void stack_reset(G* gp) {
  uintptr_t lo = gp->stack.hi - kStackSoftBytesStart - StackGuard;
  gp->stack.lo = lo < lowest_lo(gp) ? lowest_lo(gp) : lo;
  CHECK_LT(stack_guard(gp), gp->stack.hi);
}

bool stack_grow_in_place(G* gp, uintptr_t sp, uintptr_t frame_bytes) {
  if (frame_bytes > gp->stack.hi - gp->stack.base) return false;
  uintptr_t used = gp->stack.hi - gp->stack.lo;
  uintptr_t lo = gp->stack.lo;
  // A check compares sp - frame (frames over StackSmall) or sp with the guard; pass either way.
  while (sp - frame_bytes <= lo + StackGuard) {
    if (lo == lowest_lo(gp)) return false;
    used *= 2;
    uintptr_t room = gp->stack.hi - lowest_lo(gp);
    lo = used >= room ? lowest_lo(gp) : gp->stack.hi - used;
  }
  CHECK_LE(lo, gp->stack.lo);
  gp->stack.lo = lo;
  return true;
}

bool stack_shrink_in_place(G* gp, uintptr_t used) {
  const uintptr_t have = gp->stack.hi - stack_guard(gp);
  if (have <= kStackSoftBytesStart || used >= have / 4) return false;
  const uintptr_t half = have / 2 < kStackSoftBytesStart ? kStackSoftBytesStart : have / 2;
  const uintptr_t lo = gp->stack.hi - half - StackGuard;
  CHECK_GE(lo, gp->stack.lo);
  gp->stack.lo = lo;
  const uintptr_t from = lowest_lo(gp);
  const uintptr_t to = lo & ~uintptr_t{kPageBytes - 1};
  if (to > from) os_discard(reinterpret_cast<void*>(from), to - from);
  return true;
}

bool stack_guard_words_intact(const G* gp) {
  if (gp->stack.fenced) return true;
  for (int i = 0; i < kGuardWords; i++) {
    if (guard_words(gp)[i] != kGuardWord) return false;
  }
  return true;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
