// The runtime's own mutual exclusion and one-shot notes, on futexes.
// SPDX-License-Identifier: Apache-2.0
//
// A goroutine that holds a runtime lock, or whose M counts `locks`, is not preempted: a tripped
// check finds the count, puts the real guard back and goes on. The request lives on in g.preempt,
// and whoever drops the count to zero poisons the guard again (GB-27: without that the request is
// lost).
#pragma once

#include <cstdint>

#include "runtime/gmp/gmp.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// Needs: every lock held by this M has a lower rank. Leaves: the M not preemptible.
void lock(Mutex* mutex);
void unlock(Mutex* mutex);

// Keeps this goroutine on this M.
M* acquirem();
void releasem(M* mp);

void noteclear(Note* note);
// Needs: not signalled since it was cleared; a second signal is fatal.
NOSPLIT void notewakeup(Note* note);
// Returns when the note is signalled; keeps its P if it has one.
void notesleep(Note* note);
// The same for at most `ns`. True: signalled.
bool notetsleep(Note* note, int64_t ns);

// Poisons the guard of the goroutine that runs here if it was asked to give way.
NOSPLIT void repoison(G* gp);

class Locked {
 public:
  explicit Locked(Mutex* mutex) : mutex_(mutex) { lock(mutex_); }
  ~Locked() { unlock(mutex_); }
  Locked(const Locked&) = delete;
  Locked& operator=(const Locked&) = delete;

 private:
  Mutex* mutex_;
};

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
