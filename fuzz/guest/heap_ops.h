// The guest's objects on the collected heap: made, held, verified after every operation.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/base/nosplit.h"

namespace throwsplit::fuzz {

struct GuestGoroutine;
struct GuestObject;

// What a frame holds: one pointer, on the goroutine's stack. It leads to the newest object, that to
// the one before it, and so on.
struct HeldObjects {
  GuestObject* newest = nullptr;
  uint32_t count = 0;
};

// An object to which only the arguments of a call are to lead: its address is kept as a number that
// leads nowhere.
struct HiddenObject {
  static constexpr uintptr_t kMask = 0x5555555555555550;
  uintptr_t masked = 0;  // 0: the kernel refused memory
  uint32_t bytes = 0;    // that the call may write
  // The address itself, while a check may come: a collection there would free the object, rightly.
  void* volatile shown = nullptr;

  ALWAYS_INLINE uintptr_t address() const { return masked ^ kMask; }
};

// Of one frame; a longer chain is cut, its end forgotten.
inline constexpr uint32_t kGuestChainMax = 8;

// All of them from a goroutine, or on the system stack of its M.
void guest_alloc(GuestGoroutine* self, HeldObjects* held, uint32_t bytes);
// Follows the chain. What is not as it was written has been freed, or written over.
void guest_verify_objects(GuestGoroutine* self, const HeldObjects& held);

// Behind what the kernel is to fill lies a tail that it may not touch.
void guest_hide_object(HiddenObject* object, uint32_t bytes);
// `got`: what the read returned.
void guest_verify_hidden(GuestGoroutine* self, const HiddenObject& object, long got);

}  // namespace throwsplit::fuzz
