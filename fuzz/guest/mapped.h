// The guest on mapped stacks: its frames, and what C++ knows of them.
// SPDX-License-Identifier: Apache-2.0
//
// A frame, upwards from %rsp:
//
//    0  a seventh argument for whom it calls: 0
//    1  its own address when it was made, as a number: a decoy that no move may touch
//    2  the complement of that
//    3  pointers into the stack, or null; what `web` weaves
//    7  how far below stack.hi each of them must point: numbers
//   11  a pointer to the heap: the newest object that the frame holds, or null
//   12  the payload: a slot that is lent to the kernel and to others, then a canary of 16 bytes
//       saved rbp (a pointer into the stack, null in the first frame)
//       return address
//
// C++ keeps no address of a frame from one command to the next, only its distance from stack.hi.
#pragma once

#include <time.h>

#include <cstddef>
#include <cstdint>

#include "fuzz/guest/heap_ops.h"
#include "fuzz/guest/mapped_layout.h"
#include "fuzz/input/op.h"
#include "runtime/gmp/gmp.h"
#include "runtime/syscall/syscall.h"

namespace throwsplit::fuzz {

inline constexpr uint32_t kMappedFramesMax = 26;  // one more than nested calls, and `grow`
inline constexpr uint32_t kMappedLoansMax = 4;    // of one goroutine, in all

struct GuestGoroutine;

// A row of the table that the assembly makes.
struct MappedClass {
  void (*entry)();
  uintptr_t pc_entry;   // the check before the frame is made
  uintptr_t pc_next;    // asking what to do
  uintptr_t pc_called;  // calls
  uintptr_t pc_checked;
  uint64_t bytes;
  uint64_t payload;
};

struct MappedFrame {
  const MappedClass* kind = nullptr;
  uint32_t below_hi = 0;     // of its lowest word; 0: it is about to be made
  uint32_t body = 0;         // whose ops it runs
  uint32_t pc = 0;           // the op that it is at
  uint32_t phase = 0;        // how far that op is
  bool called_back = false;  // by foreign code: the frame above it is not the guest's
  bool leaves = false;       // as soon as it is made
  bool is_root = false;      // of its body: a `ret` does nothing
  uint32_t lent_bytes = 0;   // of its slot, which others may be writing
  StackRef* loan = nullptr;
  uintptr_t returns_to = 0;
  uint32_t objects = 0;  // that it holds
};

struct MappedState {
  MappedFrame frames[kMappedFramesMax];
  uint32_t depth = 0;  // frames made, and the one about to be
  uint32_t bytes = 0;  // of them all
  M* pinned = nullptr;
  BlockingCall blocking = {};
  timespec blocking_time = {};
  StackRef loans[kMappedLoansMax];
  uint32_t loan_bytes[kMappedLoansMax] = {};
  uint32_t loans_made = 0;
  HiddenObject hidden = {};  // what a call reads into
};

// The goroutine that asks what to do next, as it stands on its stack.
struct MappedActor {
  GuestGoroutine* self;
  MappedState& state;
  G* gp;
  uintptr_t sp;  // of the newest frame

  MappedFrame& frame() const { return state.frames[state.depth - 1]; }
  uint8_t* slot() const;
  size_t slot_bytes(uint64_t wanted) const;
};

// ---- Frames (mapped_frame.cc)

// The smallest class whose payload holds so many bytes.
const MappedClass* mapped_class(uint64_t payload);
// Why the maps of all classes were refused, or null.
const char* mapped_register();
// Fills a frame that was just made.
void mapped_frame_begin(const MappedActor& actor);
// Looks at every frame: each word is what it must be.
void mapped_frames_verify(const MappedActor& actor);
// Puts the pattern back where a call or a loan wrote.
void mapped_slot_refill(const MappedActor& actor);
// Points `count` pointers of the newest frame at words of this frame and of those above it.
void mapped_weave(const MappedActor& actor, uint64_t count);

// What the newest frame holds of the heap, as its map says; and holds from now on.
HeldObjects mapped_held(const MappedActor& actor);
void mapped_hold(const MappedActor& actor, const HeldObjects& held);

// ---- Loans (mapped_loan.cc)

void mapped_lend(const MappedActor& actor, uint64_t to, uint64_t bytes);
// Writes to whoever lent something to this goroutine.
void mapped_write_loans(const MappedActor& actor);
void mapped_take_back(const MappedActor& actor);

extern "C" {
void guest_mapped_main(void* self) asm("guest_mapped_main");
void guest_mapped_next(void* self) asm("guest_mapped_next");
extern const MappedClass guest_mapped_frames[] asm("guest_mapped_frames");
extern const MappedClass guest_mapped_frames_end[] asm("guest_mapped_frames_end");
extern const char guest_mapped_begin[] asm("guest_mapped_begin");
extern const char guest_mapped_end[] asm("guest_mapped_end");
}

}  // namespace throwsplit::fuzz
