// The guest's objects on the collected heap: made, held, verified after every operation.
// SPDX-License-Identifier: Apache-2.0
//
// An object says who it is by a mark, then has bytes that follow from its number; a freed one holds
// the heap's pattern instead. Nothing here depends on when garbage is found: that differs between
// compilers, which leave different words on the stack.
#include "fuzz/guest/heap_ops.h"

#include <string.h>
#include <sys/syscall.h>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/syscall/syscall.h"

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
// Turns an address into a word that leads nowhere.
constexpr uintptr_t kMask = 0x5555555555555550;
constexpr size_t kTailBytes = 16;
constexpr uint8_t kTailByte = 0x3c;
constexpr uint8_t kPipeByte = 0xa5;

void lost(GuestGoroutine* self, const char* text) {
  Guest* guest = self->guest;
  if (guest_read(guest->broken) != nullptr) return;
  guest_write(guest->broken_rule, kKeptRule);
  guest_write(guest->broken, text);
}

uint8_t byte_of(uint32_t number, uint32_t index) {
  return static_cast<uint8_t>(number * 31 + index);
}

// An object that the kernel is to fill, with a tail that it may not touch. Null: no memory.
// Apart, and hidden: in the caller's frame no word leads to it.
NOINLINE uintptr_t make_hidden(uint32_t bytes);
uintptr_t make_hidden(uint32_t bytes) {
  auto* object = static_cast<uint8_t*>(gc_alloc(bytes + kTailBytes, GcHolds::bytes));
  if (object == nullptr) return 0;
  memset(object + bytes, kTailByte, kTailBytes);
  return reinterpret_cast<uintptr_t>(object) ^ kMask;
}

NOINLINE long call_hidden(bool block, int pipe, uintptr_t hidden, uint32_t bytes);
long call_hidden(bool block, int pipe, uintptr_t hidden, uint32_t bytes) {
  const auto buffer = static_cast<long>(hidden ^ kMask);
  if (block) return Syscallblock(SYS_read, pipe, buffer, bytes, 0, 0, 0);
  return Syscall(SYS_read, pipe, buffer, bytes, 0, 0, 0);
}

// False: the object is not what the call left there.
NOINLINE bool hidden_is_whole(uintptr_t hidden, uint32_t bytes, long got);
bool hidden_is_whole(uintptr_t hidden, uint32_t bytes, long got) {
  const auto* object = reinterpret_cast<const uint8_t*>(hidden ^ kMask);
  for (long i = 0; i < got; i++) {
    if (object[i] != kPipeByte) return false;
  }
  for (size_t i = 0; i < kTailBytes; i++) {
    if (object[bytes + i] != kTailByte) return false;
  }
  return true;
}

}  // namespace

void guest_alloc(GuestGoroutine* self, HeldObjects* held, uint32_t bytes) {
  auto* object = static_cast<GuestObject*>(gc_alloc(sizeof(GuestObject) + bytes));
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
    if (!known) return lost(self, "an object that is held was freed, or written over");
    for (uint32_t i = 0; i < object->byte_count; i++) {
      if (object->bytes()[i] == byte_of(object->number, i)) continue;
      return lost(self, "an object that is held was freed, or written over");
    }
    left--;
  }
  if (left != 0) lost(self, "an object that is held was freed, or written over");
}

void guest_collect() { gc(); }

void guest_shrink() {
  G* gp = getg();
  gp->preemptscan.store<release>(1);
  preempt_self(gp);
}

void guest_read_object(GuestGoroutine* self, bool block, int pipe, uint32_t bytes) {
  volatile uintptr_t hidden = make_hidden(bytes);
  if (hidden == 0) return;
  const long got = call_hidden(block, pipe, hidden, bytes);
  if (!hidden_is_whole(hidden, bytes, got)) {
    lost(self, "an object that only a call's arguments lead to was freed during the call");
  }
}

}  // namespace throwsplit::fuzz
