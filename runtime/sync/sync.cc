// The runtime's own mutual exclusion and one-shot notes, on futexes.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/sync/sync.h"

#include "runtime/base/check.h"
#include "runtime/base/throw.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// The key of a mutex. `sleeping` also means locked, and that unlock must wake somebody.
enum : uint32_t { kUnlocked = 0, kLocked = 1, kSleeping = 2 };

constexpr int kActiveSpins = 4;
constexpr uint32_t kActiveSpinPauses = 30;

uint32_t rank_bit(const Mutex* mutex) { return 1u << static_cast<uint32_t>(mutex->rank); }

}  // namespace

void lock(Mutex* mutex) {
  M* mp = getg()->m;
  mp->locks++;
  CHECK_LT(mp->held_ranks, rank_bit(mutex));  // also refuses the same lock twice
  if (!mutex->key.cas<acquire>(kUnlocked, kLocked)) {
    bool got = false;
    for (int i = 0; i < kActiveSpins && mp->world->ncpu > 1 && !got; i++) {
      os_procyield(kActiveSpinPauses);
      got = mutex->key.cas<acquire>(kUnlocked, kLocked);
    }
    // From here on the key says `sleeping` even if we are alone: one wake-up too many, never one
    // too few.
    while (!got && mutex->key.exchange<acquire>(kSleeping) != kUnlocked) {
      os_futexsleep(mutex->key.word(), kSleeping, kForever);
    }
  }
  mp->held_ranks |= rank_bit(mutex);
}

void unlock(Mutex* mutex) {
  G* gp = getg();
  M* mp = gp->m;
  CHECK((mp->held_ranks & rank_bit(mutex)) != 0);
  mp->held_ranks &= ~rank_bit(mutex);
  uint32_t was = mutex->key.exchange<release>(kUnlocked);
  CHECK_NE(was, kUnlocked);
  if (was == kSleeping) os_futexwakeup(mutex->key.word(), 1);
  // The count falls only after the word is free: a goroutine preempted in between would hold the
  // lock while it waits for a P.
  mp->locks--;
  CHECK_GE(mp->locks, 0);
  if (mp->locks == 0) repoison(gp);
}

M* acquirem() {
  M* mp = getg()->m;
  mp->locks++;
  return mp;
}

void releasem(M* mp) {
  G* gp = getg();
  CHECK_EQ(mp, gp->m);
  mp->locks--;
  CHECK_GE(mp->locks, 0);
  if (mp->locks == 0) repoison(gp);
}

void repoison(G* gp) {
  INJECT(unlock_repoison);
  if (gp->preempt.load<relaxed>() == 0) return;
  gp->stackguard0.store<relaxed>(StackPreempt);
  guard_slot_write(StackPreempt);
}

void noteclear(Note* note) { note->key.store<relaxed>(0); }

void notewakeup(Note* note) {
  uint32_t was = note->key.exchange<release>(1);
  if (was != 0) throw_("notewakeup - double wakeup");
  os_futexwakeup(note->key.word(), 1);
}

void notesleep(Note* note) {
  while (note->key.load<acquire>() == 0)
    os_futexsleep(note->key.word(), 0, kForever);
}

bool notetsleep(Note* note, int64_t ns) {
  if (ns < 0) {
    notesleep(note);
    return true;
  }
  const int64_t deadline = os_deadline(ns);
  while (note->key.load<acquire>() == 0) {
    int64_t left = deadline - os_nanotime();
    if (left <= 0) return note->key.load<acquire>() != 0;
    os_futexsleep(note->key.word(), 0, left);
  }
  return true;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
