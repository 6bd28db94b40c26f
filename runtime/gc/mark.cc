// Marking: from words to objects, from objects to the words in them.
// SPDX-License-Identifier: Apache-2.0
//
// A word counts as a pointer if it leads anywhere into an object, its inside too. Everything here
// reads memory that goroutines in system calls, and the kernel for them, may be writing meanwhile:
// a torn word marks too much or belongs to nobody yet, so none of it is a race that matters, and
// the sanitizers are not asked.
#include "runtime/base/check.h"
#include "runtime/gc/heap.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

NO_SANITIZE uintptr_t word_at(uintptr_t address) {
  return *reinterpret_cast<const volatile uintptr_t*>(address);
}

// In hooked flavours it never grows: how much a collection marks depends on what compilers left on
// stacks, and no step of a simulated run may.
bool grow(MarkStack& stack) {
#if THROWSPLIT_HOOKS
  (void)stack;
  return false;
#else
  const uint32_t capacity = 2 * stack.capacity;
  if (capacity == 0) return false;
  auto* objects = static_cast<uintptr_t*>(os_alloc(size_t{capacity} * sizeof(uintptr_t)));
  if (objects == nullptr) return false;
  for (uint32_t i = 0; i < stack.count; i++)
    objects[i] = stack.objects[i];
  os_free(stack.objects, size_t{stack.capacity} * sizeof(uintptr_t));
  stack.objects = objects;
  stack.capacity = capacity;
  return true;
#endif
}

void push(MarkStack& stack, uintptr_t object) {
  if (stack.count == stack.capacity && !grow(stack)) {
    stack.overflowed = true;
    return;
  }
  stack.objects[stack.count++] = object;
}

void drain(GcHeap* heap) {
  MarkStack& stack = heap->mark_stack;
  while (stack.count != 0) {
    const uintptr_t object = stack.objects[--stack.count];
    uint32_t slot;
    const Span* span = heap_find(heap, object, &slot);
    CHECK_NE(span, nullptr);
    mark_range(heap, object, object + span->slot_bytes);
  }
}

// Some marked objects were dropped; nobody knows which, so all are looked at again.
void look_again(GcHeap* heap) {
  for_each_span(heap, [heap](Span* span) {
    if (span->holds != GcHolds::words) return;
    for (uint32_t slot = 0; slot < span->slots; slot++) {
      if (!slot_bit(span->marked, slot)) continue;
      const uintptr_t object = slot_base(span, slot);
      mark_range(heap, object, object + span->slot_bytes);
      drain(heap);
    }
  });
}

}  // namespace

void mark_word(GcHeap* heap, uintptr_t word) {
  uint32_t slot;
  Span* span = heap_find(heap, word, &slot);
  if (span == nullptr || slot_bit(span->marked, slot)) return;
  set_slot_bit(span->marked, slot);
  if (span->holds == GcHolds::words) push(heap->mark_stack, slot_base(span, slot));
}

void mark_range(GcHeap* heap, uintptr_t lo, uintptr_t hi) {
  for (uintptr_t at = (lo + 7) & ~uintptr_t{7}; at + 8 <= hi; at += 8)
    mark_word(heap, word_at(at));
}

void mark_all(GcHeap* heap) {
  drain(heap);
  while (heap->mark_stack.overflowed) {
    heap->mark_stack.overflowed = false;
    look_again(heap);
  }
}

void marks_clear(GcHeap* heap) {
  CHECK_EQ(heap->mark_stack.count, 0u);
  heap->mark_stack.overflowed = false;
  for_each_span(heap, [](Span* span) {
    for (uint64_t& word : span->marked)
      word = 0;
  });
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
