// What a carrier asks of the simulated kernel, and the answer; it lies on the carrier's stack.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/arch/arch.h"
#include "runtime/hook/points.h"

namespace throwsplit::inject {

struct Block;
struct Pipe;

enum class Call : uint16_t {
#define CALL(number, name, kind, text) name = number,
#include "inject/sim/calls.def"
#undef CALL
};

constexpr Site site_of(Call call) {
  return static_cast<Site>(kCallSites + static_cast<uint16_t>(call));
}
inline constexpr Site kSyscallSites = kCallSites + 0x100;
inline constexpr long kSyscallNumberMax = 0x1ff;

constexpr Site syscall_site(long number) {
  if (number < 0 || number > kSyscallNumberMax) return site_of(Call::other_syscall);
  return static_cast<Site>(kSyscallSites + number);
}

// Results of a join. The memory of a thread that was joined serves the next one, guard slot
// included: poisoned, it would make the new thread's first check trip, before it is anybody.
inline constexpr long kJoined = 0;
inline constexpr long kJoinedPoisoned = 1;

// Takes effect when the carrier is chosen, not when it asks. Why: between the step before and the
// effect anybody may run, as on a real machine.
struct Request {
  Site site = 0;
  bool nonblocking = false;
  bool more = false;  // write: the rest is still to be written
  bool torn = false;  // write: a part of it is in the pipe already
  // How far it has come: 0 at first; what comes after is each call's own affair.
  uint32_t phase = 0;
  long number = 0;  // of the system call
  long a[4] = {};   // arguments, as numbers
  long result = 0;
  int64_t due_ns = 0;           // nanosleep: what is left of an interrupted one
  void* pointer = nullptr;      // the futex word, the thread's argument, memory given back
  void (*fn)(void*) = nullptr;  // the thread's function
  SanContext* san = nullptr;    // of a stack given back
  Block* block = nullptr;       // memory handed out
  // A completed read or write: the carrier itself copies from or to this place in a pipe's ring, on
  // its own stack, so that a bad buffer is reported where the call was made.
  Pipe* pipe = nullptr;
  uint8_t* pipe_bytes = nullptr;
  uint32_t pipe_at = 0;
};

}  // namespace throwsplit::inject
