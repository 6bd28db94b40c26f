// The guest's objects on the collected heap: made, held, verified after every operation.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "fuzz/guest/guest.h"

namespace throwsplit::fuzz {

struct GuestObject;

// What a frame holds: one pointer, on the goroutine's stack. It leads to the newest object, that to
// the one before it, and so on.
struct HeldObjects {
  GuestObject* newest = nullptr;
  uint32_t count = 0;
};

// Of one frame; a longer chain is cut, its end forgotten.
inline constexpr uint32_t kGuestChainMax = 8;

void guest_alloc(GuestGoroutine* self, HeldObjects* held, uint32_t bytes);
// Follows the chain. What is not as it was written has been freed, or written over.
void guest_verify_objects(GuestGoroutine* self, const HeldObjects& held);
void guest_collect();
void guest_shrink();
// `block`: by entersyscallblock.
void guest_read_object(GuestGoroutine* self, bool block, int pipe, uint32_t bytes);

}  // namespace throwsplit::fuzz
