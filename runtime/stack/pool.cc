// The stacks of mapped goroutines: size classes, and a quarantine for ranges that were left.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/stack/pool.h"

#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/sync/sync.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// The size class, or kClasses: too large to be kept.
uint32_t class_of(size_t bytes) {
  uint32_t index = 0;
  while (index < StackPool::kClasses && (kMappedBytesStart << index) < bytes)
    index++;
  return index;
}

uint64_t* words_of(uintptr_t base) { return reinterpret_cast<uint64_t*>(base); }

// The pattern of a left range, as fast as memory goes and unseen by sanitizers: the range may be
// poisoned, and of its many words each would be looked up.
NO_SANITIZE void fill(uint64_t* words, size_t count) {
  for (size_t i = 0; i < count; i++)
    words[i] = kOldStackPattern;
}

NO_SANITIZE bool is_filled(const uint64_t* words, size_t count) {
  constexpr size_t kAtOnce = 64;  // without a branch between them
  for (size_t i = 0; i < count; i += kAtOnce) {
    uint64_t differs = 0;
    for (size_t k = i; k < count && k < i + kAtOnce; k++)
      differs |= words[k] ^ kOldStackPattern;
    if (differs != 0) return false;
  }
  return true;
}

void require_intact(const StackPool::Old& old) {
  if (stackpool_old_intact(old)) return;
  ThrowDetail details[] = {{"stack bytes", old.bytes}};
  throw_details("an old stack was written to after it was left", details, 1);
}

void give_back(StackPool::Old* old) {
  os_free(reinterpret_cast<void*>(old->base), stackpool_block_bytes(old->bytes));
  *old = StackPool::Old();
}

// Needs the lock.
void keep(StackPool& pool, StackPool::Old* old) {
  const uint32_t index = class_of(old->bytes);
  *words_of(old->base) = pool.free[index];
  pool.free[index] = old->base;
  *old = StackPool::Old();
}

// Back from quarantine: kept for its class, or given back. Without the lock: comparing and
// unmapping take as long as the range is large.
void recycle(StackPool& pool, StackPool::Old* old) {
  if (old->base == 0) return;
  require_intact(*old);
  san_unpoison(old->base, stackpool_block_bytes(old->bytes));
  if (class_of(old->bytes) == StackPool::kClasses) return give_back(old);
  Locked locked(&pool.lock);
  keep(pool, old);
}

// The same at the end of a World, where nobody is left to take the range.
void drop(StackPool::Old* old, bool abandoned) {
  if (old->base == 0) return;
  if (!abandoned) require_intact(*old);
  san_unpoison(old->base, stackpool_block_bytes(old->bytes));
  give_back(old);
}

}  // namespace

bool stackpool_alloc(World& world, size_t bytes, StackRange* range) {
  if (INJECT_FAIL(stack_alloc)) return false;
  StackPool& pool = world.stackpool;
  const uint32_t index = class_of(bytes);
  uintptr_t base = 0;
  if (index != StackPool::kClasses) {
    Locked locked(&pool.lock);
    base = pool.free[index];
    if (base != 0) pool.free[index] = *words_of(base);
  }
  if (base == 0) base = reinterpret_cast<uintptr_t>(os_alloc(stackpool_block_bytes(bytes)));
  if (base == 0) return false;
  range->base = base;
  range->hi = base + stackpool_block_bytes(bytes);
  range->guard_bytes = StackMappedGuard;
  range->lo = range->hi - bytes - StackMappedGuard;
  range->fenced = true;  // no guard words: the quarantine and the checks watch these stacks
  CHECK_GE(range->lo, range->base);
  return true;
}

void stackpool_leave(World& world, const StackRange& range) {
  const StackPool::Old left = {range.base, mapped_bytes(range)};
  san_unpoison(left.base, stackpool_block_bytes(left.bytes));
  fill(words_of(left.base), stackpool_block_bytes(left.bytes) / 8);
  san_poison(left.base, stackpool_block_bytes(left.bytes));
  StackPool& pool = world.stackpool;
  // Out of quarantine and not yet anywhere else, it is this M's: a World may be abandoned
  // meanwhile.
  StackPool::Old& oldest = getg()->m->oldstack;
  CHECK_EQ(oldest.base, 0u);
  {
    Locked locked(&pool.lock);
    oldest = pool.old[pool.oldest];
    pool.old[pool.oldest] = left;
    pool.oldest = (pool.oldest + 1) % StackPool::kQuarantined;
  }
  recycle(pool, &oldest);
}

bool stackpool_take(World& world, G* gp) {
  if (!stackpool_alloc(world, kMappedBytesStart, &gp->stack)) return false;
  san_context_init(&gp->san, reinterpret_cast<void*>(gp->stack.base),
                   gp->stack.hi - gp->stack.base);
  return true;
}

void stackpool_release(World& world, G* gp) {
  CHECK_EQ(gp->stackrefs == nullptr, true);
  san_context_destroy(&gp->san);
  // First of all the goroutine's no more: a World that is abandoned on the way has it once.
  const StackRange range = gp->stack;
  gp->stack = StackRange();
  gp->mapped = false;
  stackpool_leave(world, range);
}

void stackpool_drop(G* gp, bool live) {
  if (live) san_context_abandon(&gp->san);
  san_context_destroy(&gp->san);
  os_free(reinterpret_cast<void*>(gp->stack.base), gp->stack.hi - gp->stack.base);
  gp->stack = StackRange();
  gp->mapped = false;
}

void stackpool_drop(M* mp, bool abandoned) { drop(&mp->oldstack, abandoned); }

void stackpool_free(World* world, bool abandoned) {
  StackPool& pool = world->stackpool;
  for (StackPool::Old& old : pool.old)
    drop(&old, abandoned);
  for (uint32_t i = 0; i < StackPool::kClasses; i++) {
    while (uintptr_t base = pool.free[i]) {
      pool.free[i] = *words_of(base);
      os_free(reinterpret_cast<void*>(base), stackpool_block_bytes(kMappedBytesStart << i));
    }
  }
}

// Oracles ask, too, who are none of the threads that ThreadSanitizer knows.
NO_SANITIZE bool stackpool_old_intact(const StackPool::Old& old) {
  return old.base == 0 || is_filled(words_of(old.base), stackpool_block_bytes(old.bytes) / 8);
}

bool stackpool_verify(const StackPool& pool) {
  for (const StackPool::Old& old : pool.old) {
    if (!stackpool_old_intact(old)) return false;
  }
  return true;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
