// What the guest's mapped code and its C++ share: places in GuestGoroutine, kinds of command.
// SPDX-License-Identifier: Apache-2.0
//
// This header is read by the assembler too: only #define above the __ASSEMBLER__ line.
#pragma once

// GuestCommand, the first field of GuestGoroutine.
#define CMD_WHAT 0
#define CMD_TARGET 8
#define CMD_ARGUMENTS 16
#define CMD_RESULT 64

// What the frame is to do next.
#define CMD_CALL 0   // call the target with six arguments, keep what it returns
#define CMD_CHECK 1  // a canonical check
#define CMD_LEAVE 2  // return

// What a body gets without asking, of payload.
#define GUEST_BODY_PAYLOAD 256
// A frame beside its payload: argument, decoy, its complement, then pointers and what they must be,
// then a pointer to the heap; above the payload saved rbp and the return address.
#define GUEST_FIXED_WORDS 3
#define GUEST_POINTERS 4
#define GUEST_OVERHEAD ((GUEST_FIXED_WORDS + 2 * GUEST_POINTERS + 1 + 2) * 8)

#ifndef __ASSEMBLER__

#include <cstddef>
#include <cstdint>

namespace throwsplit::fuzz {

// What a frame of mapped code does next; written on the system stack, read by its own assembly.
struct GuestCommand {
  uint64_t what = CMD_CALL;
  void* target = nullptr;
  long argument[6] = {};
  long result = 0;
};
static_assert(offsetof(GuestCommand, what) == CMD_WHAT);
static_assert(offsetof(GuestCommand, target) == CMD_TARGET);
static_assert(offsetof(GuestCommand, argument) == CMD_ARGUMENTS);
static_assert(offsetof(GuestCommand, result) == CMD_RESULT);

}  // namespace throwsplit::fuzz
#endif
