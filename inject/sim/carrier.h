// A carrier: one simulated thread, with a stack that is used again in run after run.
// SPDX-License-Identifier: Apache-2.0
//
// A slot is made once in the process and keeps its stack and what the sanitizers know of it. Why:
// under AddressSanitizer a fresh stack costs 22 us, a reused one next to nothing.
#pragma once

#include <cstddef>
#include <cstdint>

#include "inject/choice.h"
#include "inject/sim/request.h"
#include "runtime/arch/arch.h"

namespace throwsplit::inject {

// The part of a C++ thread's state that lives with the real thread and must look like the carrier's
// own: exceptions being handled (two carriers in catch blocks would destroy each other's) and
// errno.
struct ThreadState {
  void* caught_exceptions = nullptr;
  unsigned uncaught_exceptions = 0;
  int error_number = 0;
};

struct Carrier : HookContext {
  uint32_t number = 0;
  uint32_t generation = 0;  // how often the slot was taken in this run; part of the thread's handle
  bool live = false;        // created and not yet gone
  uint64_t joiners = 0;     // carriers that wait for its end
  Request* request = nullptr;  // takes effect when it is chosen; null: it just goes on
  Wait wait;
  uint64_t owes = 0;        // while it has yielded: who is to go first
  uint64_t futex_turn = 0;  // order of arrival among sleepers
  uint32_t* futex_word = nullptr;
  ThreadState thread_state;

  void (*fn)(void*) = nullptr;
  void* arg = nullptr;

  // Gives it a stack of at least so many bytes on which it begins with fn(arg) when it is first
  // chosen. False: the real kernel has no memory.
  bool prepare(HookHost* host, void (*begin)(void*), size_t stack_bytes);
  // The end of a run, told for each slot that was used; a live one is wound back where it stands.
  void retire();
  void release_stack();

  // Its guard slot, while it does not run; others write it too. Saved with its registers, from sp
  // upwards: the running G, the slot, the registers (amd64.S).
  uintptr_t& saved_slot() { return reinterpret_cast<uintptr_t*>(sp)[1]; }
  bool stands_on_own_stack() const { return sp - stack_lo < stack_bytes; }
  // Under AddressSanitizer: keep what belongs to its own stack, whichever it was last seen on.
  void note_own_stack() {
#if THROWSPLIT_ASAN
    if (self.bottom == own.bottom) own.fake_stack = self.fake_stack;
#endif
  }

  uintptr_t stack_lo = 0;  // above the fence
  size_t stack_bytes = 0;
  SanContext own;           // of its own stack, while it runs on another or not at all
  bool wound_back = false;  // was abandoned in an earlier run: frames to forget
  // Addresses that stand for "was created" and "is gone" to ThreadSanitizer.
  char birth = 0;
  char death = 0;
};

// What ThreadSanitizer must be told, nothing otherwise. On whoever's behalf runs now.
void order_release(void* what);
void order_acquire(void* what);

}  // namespace throwsplit::inject
