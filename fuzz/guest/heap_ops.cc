// The guest's objects on the collected heap: made, held, verified after every operation.
// SPDX-License-Identifier: Apache-2.0
//
// An object says who it is by a mark, then has bytes that follow from its number; a freed one holds
// the heap's pattern instead. Nothing here depends on when garbage is found: that differs between
// compilers, which leave different words on the stack.
#include "fuzz/guest/heap_ops.h"

#include <string.h>

#include "fuzz/guest/ops.h"
#include "runtime/gc/gc.h"
#include "runtime/runtime.h"

namespace throwsplit::fuzz {

struct GuestObject {
  uint64_t mark;
  GuestObject* older;
  uint32_t number;
  uint32_t byte_count;
  uint8_t* bytes() { return reinterpret_cast<uint8_t*>(this + 1); }
};

namespace {

constexpr uint64_t kObjectMark = 0x6775657374206f62;  // "guest ob"
constexpr size_t kTailBytes = 16;
constexpr uint8_t kTailByte = 0x3c;
constexpr const char* kLost = "an object that is held was freed, or written over";

void* make(size_t bytes, GcHolds holds) {
  return getg() == getg()->m->g0 ? gcheap_alloc(bytes, holds) : gc_alloc(bytes, holds);
}

uint8_t byte_of(uint32_t number, uint32_t index) {
  return static_cast<uint8_t>(number * 31 + index);
}

}  // namespace

void guest_alloc(GuestGoroutine* self, HeldObjects* held, uint32_t bytes) {
  auto* object = static_cast<GuestObject*>(make(sizeof(GuestObject) + bytes, GcHolds::words));
  if (object == nullptr) return;
  const bool cut = held->count == kGuestChainMax;
  object->mark = kObjectMark;
  object->number = cut ? 0 : held->count;
  object->byte_count = bytes;
  for (uint32_t i = 0; i < bytes; i++)
    object->bytes()[i] = byte_of(object->number, i);
  object->older = cut ? nullptr : held->newest;
  held->newest = object;
  held->count = object->number + 1;
  guest_verify_objects(self, *held);
}

void guest_verify_objects(GuestGoroutine* self, const HeldObjects& held) {
  uint32_t left = held.count;
  for (GuestObject* object = held.newest; object != nullptr; object = object->older) {
    const bool known = object->mark == kObjectMark && left > 0 && object->number == left - 1;
    if (!known) return guest_broken(self, kKeptRule, kLost);
    for (uint32_t i = 0; i < object->byte_count; i++) {
      if (object->bytes()[i] == byte_of(object->number, i)) continue;
      return guest_broken(self, kKeptRule, kLost);
    }
    left--;
  }
  if (left != 0) guest_broken(self, kKeptRule, kLost);
}

void guest_hide_object(HiddenObject* object, uint32_t bytes) {
  auto* made = static_cast<uint8_t*>(make(bytes + kTailBytes, GcHolds::bytes));
  object->shown = made;
  object->bytes = bytes;
  object->masked = 0;
  if (made == nullptr) return;
  object->masked = reinterpret_cast<uintptr_t>(made) ^ HiddenObject::kMask;
  memset(made + bytes, kTailByte, kTailBytes);
}

void guest_verify_hidden(GuestGoroutine* self, const HiddenObject& object, long got) {
  const auto* bytes = reinterpret_cast<const uint8_t*>(object.address());
  bool whole = true;
  for (long i = 0; i < got; i++)
    whole = whole && bytes[i] == kPipeByte;
  for (size_t i = 0; i < kTailBytes; i++)
    whole = whole && bytes[object.bytes + i] == kTailByte;
  if (whole) return;
  guest_broken(self, kKeptRule,
               "an object that only a call's arguments lead to was freed during the call");
}

}  // namespace throwsplit::fuzz
