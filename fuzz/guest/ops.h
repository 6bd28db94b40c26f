// What the operations share, on native and on mapped stacks.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <time.h>

#include <cstddef>
#include <cstdint>

#include "fuzz/guest/guest.h"

namespace throwsplit::fuzz {

inline constexpr uint32_t kDeclaredBytesMax = 96 * 1024;
inline constexpr size_t kCanaryBytes = 16;
inline constexpr uint8_t kPipeByte = 0xa5;

// The guest found something wrong; `rule`: the oracle whose rule it is.
void guest_broken(GuestGoroutine* self, const char* rule, const char* text);

void take_step(Guest* guest);
uint64_t steps_of(const Op& op);

struct Steps {
  Guest* guest;
  uint64_t count;
};
void run_steps(void* steps);

timespec time_of(uint64_t ns);
// Holds what a read brought, so many bytes if that is positive, against what the guest writes.
void verify_read(GuestGoroutine* self, const uint8_t* bytes, long got);

// Sleeps in the kernel for as long as a timespec says.
long block_for(void* time);

// The goroutine that the first operand names, unless it was never made or has ended.
G* live_target(GuestGoroutine* self, const Op& op);
// Asks a goroutine on another M. Needs: the system stack.
void preempt_target(void* g);

uint32_t frame_bytes_of(uint64_t wanted);
// Behind the `ret` that matches the `call` at pc; the end of the body if there is none.
size_t behind_call(const Body& body, size_t pc);

}  // namespace throwsplit::fuzz
