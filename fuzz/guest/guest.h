// The guest: goroutines that run the operations of an input's program on the runtime under test.
// SPDX-License-Identifier: Apache-2.0
//
// A root goroutine opens the pipes, starts body main as goroutine 0 and waits. After a second of
// virtual time, and every second from then on, it closes the pipes' writing ends and wakes whoever
// still parks, so that every program ends, but for goroutines in calls that never return. With
// kFlagNoReaper it does not: then a program may end in a deadlock.
//
// On real threads the same programs run under `throwsplit stress`: what goroutines tell each other
// through this file is then shared between threads, hence atomic, though no step of the run.
//
// Guest bodies own no heap: a run may be cut short anywhere. What a run may not depend on is where
// a compiler put a prologue; so guest frames declare their size and check the stack canonically.
//
// With kFlagMapped the goroutines of the program run on mapped stacks, which move: mapped.h. The
// root is native all the same.
#pragma once

#include <cstddef>
#include <cstdint>
#include <optional>

#include "fuzz/guest/mapped.h"
#include "fuzz/input/input.h"
#include "runtime/base/atomic.h"
#include "runtime/gmp/gmp.h"

namespace throwsplit::fuzz {

inline constexpr uint32_t kGuestGoroutinesMax = 16;
inline constexpr uint32_t kGuestPipes = 4;
inline constexpr uint32_t kGuestStepsMax = 64;         // of one spin, hog, ... operation
inline constexpr uint32_t kGuestBodyFrameBytes = 256;  // what every body gets without asking
inline constexpr uint32_t kGuestDepthMax = 24;         // nested calls

// A rule that nobody but the guest watches over: that the collector keeps what it holds.
inline constexpr const char* kKeptRule = "KEPT";
inline constexpr const char* kKeptSentence =
    "an object that somebody holds is not freed, and holds what was put there";

struct Guest;

struct GuestGoroutine {
  GuestCommand command;  // first: the assembly of mapped frames reads it
  Guest* guest = nullptr;
  uint32_t number = 0;  // by order of creation; main is 0
  uint32_t body = 0;
  G* g = nullptr;  // set by whoever spawned it
  bool started = false;
  bool done = false;
  bool pausing = false;      // in a call that never returns
  uint8_t op = 0;            // its code, for who looks on; the last one while there is none
  uint32_t depth_bytes = 0;  // declared frames on the stack
  uint32_t soft_bytes = 0;   // the canonical soft limit
  std::optional<MappedState> mapped;  // with kFlagMapped
};

struct Guest {
  const Input* input = nullptr;
  World* world = nullptr;
  int pipe_read[kGuestPipes] = {-1, -1, -1, -1};
  int pipe_write[kGuestPipes] = {-1, -1, -1, -1};
  uint32_t claimed = 0;  // of goroutines[]: by whom is about to make one
  GuestGoroutine goroutines[kGuestGoroutinesMax];
  Shared<uint32_t, Field::user_word> word;  // what the guest's steps touch
  Mutex mutex{{}, LockRank::stack};         // of `locked`: nothing else is locked under it
  bool root_done = false;
  const char* broken = nullptr;  // what the guest itself found wrong: constant text
  const char* broken_rule = "";  // and which oracle's rule that is
  bool mapped = false;           // its goroutines run on mapped stacks
  // To whom something is lent: the lender's number times kMappedLoansMax, and which loan, plus one.
  uint32_t loan_to[kGuestGoroutinesMax] = {};
  int64_t reap_every_ns = 1'000'000'000;
  uint64_t progress = 0;  // operations, steps, ends behind us: it stands still when nobody gets on
};

// Of fields that goroutines write and others read while they run.
template <typename T>
T guest_read(const T& field) {
  return atomic_load<acquire>(&field);
}
template <typename T>
void guest_write(T& field, T value) {
  atomic_store<release>(&field, value);
}

// The root goroutine; arg is the Guest.
void guest_root(void* guest);

// Starts a goroutine that runs a body. Null: there are enough, or no such body.
GuestGoroutine* guest_spawn(Guest& guest, uint32_t body);

// Runs one body on the goroutine that calls.
void guest_run_body(GuestGoroutine* self);

// How many were made, or are being made.
uint32_t guest_count(const Guest& guest);

// A step nearer to the end.
inline void guest_progress(Guest& guest) { atomic_add<relaxed>(&guest.progress, uint64_t{1}); }

// A goroutine has done what its program wants. That is progress too: many may wait in line with
// their last operation.
inline void guest_done(GuestGoroutine& self) {
  guest_progress(*self.guest);
  guest_write(self.done, true);
}

// True when all that could end has: whoever is left sits in a call that only an interrupt ends.
bool guest_rests(const Guest& guest);

extern "C" {
using GuestFrameFn = long (*)(uint8_t* frame, size_t frame_bytes, void* arg);
NOSPLIT long guest_call(size_t frame_bytes, GuestFrameFn fn, void* arg, uint32_t grown_bytes)
    ASM_NAME(guest_call);
NOSPLIT void guest_check(uint32_t grown_bytes) ASM_NAME(guest_check);
}

}  // namespace throwsplit::fuzz
