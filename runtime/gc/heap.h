// The collected heap: arenas of pages, spans of objects of one size, three bits an object.
// SPDX-License-Identifier: Apache-2.0
//
//   arena   memory from the kernel, cut into pages of 8 KiB; what is known of them lies elsewhere
//   span    some pages with objects of one size, or one large object
//   slot    room for an object: free, in use, or (in worlds that never use memory again) dead
//
// A slot that holds no object holds a pattern, and is poisoned for AddressSanitizer: a write
// through a stale pointer is found when the slot is given out. Objects do not move.
//
// Who may touch what: a span in a cache belongs to the P whose cache it is; all else needs gc.lock,
// or that the world is stopped.
#pragma once

#include "runtime/gc/holds.h"
#include "runtime/gc/size_class.h"
#include "runtime/gmp/gmp.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

inline constexpr size_t kHeapPageBytes = 8 * 1024;
// Small in hooked flavours: a World a run.
inline constexpr size_t kArenaBytes = THROWSPLIT_HOOKS ? 256 * 1024 : 4 << 20;
inline constexpr uint32_t kArenaPages = kArenaBytes / kHeapPageBytes;
inline constexpr uint32_t kSlotWords = kHeapPageBytes / kObjectAlignBytes / 64;
inline constexpr uint64_t kFreedPattern = 0x66726565646f626a;  // "freedobj"
// How much of a free slot holds the pattern: all where bugs are hunted.
#if THROWSPLIT_HOOKS || THROWSPLIT_ASAN
inline constexpr size_t kPatternBytesMax = SIZE_MAX;
#else
inline constexpr size_t kPatternBytesMax = 64;
#endif

inline constexpr uint32_t kHolds = 2;

struct Span {
  uintptr_t base = 0;
  size_t slot_bytes = 0;
  uint32_t slots = 0;
  uint32_t pages = 0;  // 0: a free page, or one within a span
  uint32_t back = 0;   // pages down to the first of the span
  uint8_t size_class = 0;
  GcHolds holds = GcHolds::words;
  bool was_empty = false;    // when it was last swept
  uint32_t search_from = 0;  // words of `used` below this one are full
  Span* next = nullptr;      // of the heap's list of its class
  uint64_t used[kSlotWords] = {};
  uint64_t marked[kSlotWords] = {};
  uint64_t dead[kSlotWords] = {};
};

struct Arena {
  uintptr_t base = 0;
  size_t bytes = 0;
  uint32_t pages = 0;  // with a span each; 1: the arena is one large object
  uint32_t pages_free = 0;
  Span* spans() { return reinterpret_cast<Span*>(this + 1); }
};
static_assert(sizeof(Arena) % alignof(Span) == 0);

struct SpanCache {
  Span* span[kSizeClasses][kHolds] = {};
};

struct RootRange {
  uintptr_t base = 0;
  size_t bytes = 0;
};

// Objects that are marked and whose words are still to be looked at.
struct MarkStack {
  uintptr_t* objects = nullptr;
  uint32_t count = 0;
  uint32_t capacity = 0;
  bool overflowed = false;  // some were dropped: they are marked, and must be looked for
};

struct GcHeap {
  Arena** arenas = nullptr;  // sorted by base
  uint32_t arena_count = 0;
  uint32_t arena_capacity = 0;
  Span* partial[kSizeClasses][kHolds] = {};  // with free slots, in no cache
  MarkStack mark_stack;
  RootRange* roots = nullptr;
  uint32_t root_count = 0;
  uint32_t root_capacity = 0;
  bool reuse = true;       // false: freed memory stays poisoned while the World lives
  size_t since_bytes = 0;  // given out since the last collection
  size_t live_bytes = 0;   // found by the last collection
  uint64_t collections = 0;
  uint64_t freed_objects = 0;
  uint64_t freed_bytes = 0;
  uint32_t caches = 0;
  SpanCache* cache() { return reinterpret_cast<SpanCache*>(this + 1); }  // a P each
};
static_assert(sizeof(GcHeap) % alignof(SpanCache) == 0);

// ---- Slots -------------------------------------------------------------------------------------

ALWAYS_INLINE bool slot_bit(const uint64_t* bits, uint32_t slot) {
  return (bits[slot / 64] >> (slot % 64) & 1) != 0;
}
ALWAYS_INLINE void set_slot_bit(uint64_t* bits, uint32_t slot) {
  bits[slot / 64] |= uint64_t{1} << (slot % 64);
}
ALWAYS_INLINE void clear_slot_bit(uint64_t* bits, uint32_t slot) {
  bits[slot / 64] &= ~(uint64_t{1} << (slot % 64));
}
ALWAYS_INLINE uintptr_t slot_base(const Span* span, uint32_t slot) {
  return span->base + slot * span->slot_bytes;
}
// Fills a slot that holds no object any more with the pattern, and poisons it.
void slot_poison(const Span* span, uint32_t slot);
// Makes a slot a zeroed object. Dies: somebody wrote to it while it was free.
void slot_give(const Span* span, uint32_t slot);
// Dies if somebody wrote to a free slot. Leaves: the slot not poisoned.
void slot_check(const Span* span, uint32_t slot);

// ---- Spans and arenas. Need gc.lock, or the world stopped. -------------------------------------

// Null: the kernel refuses memory.
GcHeap* heap_make(uint32_t procs, bool reuse);
void heap_free(GcHeap* heap);
// A span of small objects, or one large object's. Null: the kernel refuses memory.
Span* span_make(GcHeap* heap, uint32_t size_class, GcHolds holds);
Span* span_make_large(GcHeap* heap, size_t bytes, GcHolds holds);
// Gives the pages of a span without objects back.
void span_free(GcHeap* heap, Span* span);
// A slot of the span that is free now and in use afterwards; -1: none.
int span_take(Span* span);
// The span that holds an address, and which slot it lies in; null: no object is there.
Span* heap_find(const GcHeap* heap, uintptr_t address, uint32_t* slot);

template <typename F>
void for_each_span(GcHeap* heap, F&& fn) {
  for (uint32_t i = 0; i < heap->arena_count; i++) {
    Arena* arena = heap->arenas[i];
    for (uint32_t page = 0; page < arena->pages; page++) {
      Span* span = &arena->spans()[page];
      if (span->pages != 0) fn(span);
    }
  }
}

// ---- A collection, with the world stopped ------------------------------------------------------

// Marks what a word points at, if it does.
void mark_word(GcHeap* heap, uintptr_t word);
// Every word of a range that may be one.
void mark_range(GcHeap* heap, uintptr_t lo, uintptr_t hi);
// Until everything reachable from what is marked is marked.
void mark_all(GcHeap* heap);
void marks_clear(GcHeap* heap);
// Frees what is not marked.
void heap_sweep(GcHeap* heap);
// Null, or what is wrong. O(n); needs gc.lock or the world stopped.
const char* heap_verify(GcHeap* heap);

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
