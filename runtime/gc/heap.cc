// Arenas, spans and slots: where objects lie, and how an address is found among them.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/gc/heap.h"

#include <string.h>

#include <new>

#include "runtime/base/check.h"
#include "runtime/base/throw.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

constexpr uint32_t kMarkStackStart = 4096;
constexpr uint32_t kTableStart = kPageBytes / sizeof(Arena*);

size_t pattern_bytes(const Span* span) {
  return span->slot_bytes < kPatternBytesMax ? span->slot_bytes : kPatternBytesMax;
}

size_t arena_bytes(uint32_t pages) { return sizeof(Arena) + pages * sizeof(Span); }

// How many pages a span of small objects has: at least eight objects a span.
uint32_t span_pages(size_t slot_bytes) { return slot_bytes <= 1024 ? 1 : 4; }

void free_arena(Arena* arena) {
  san_unpoison(arena->base, arena->bytes);
  os_free(reinterpret_cast<void*>(arena->base), arena->bytes);
  os_free(arena, arena_bytes(arena->pages));
}

bool grow_table(GcHeap* heap) {
  const uint32_t capacity = heap->arena_capacity == 0 ? kTableStart : 2 * heap->arena_capacity;
  auto** table = static_cast<Arena**>(os_alloc(capacity * sizeof(Arena*)));
  if (table == nullptr) return false;
  for (uint32_t i = 0; i < heap->arena_count; i++)
    table[i] = heap->arenas[i];
  if (heap->arenas != nullptr) os_free(heap->arenas, heap->arena_capacity * sizeof(Arena*));
  heap->arenas = table;
  heap->arena_capacity = capacity;
  return true;
}

Arena* arena_make(GcHeap* heap, size_t bytes, uint32_t pages) {
  if (heap->arena_count == heap->arena_capacity && !grow_table(heap)) return nullptr;
  auto* arena = static_cast<Arena*>(os_alloc(arena_bytes(pages)));
  if (arena == nullptr) return nullptr;
  void* memory = os_alloc(bytes);
  if (memory == nullptr) {
    os_free(arena, arena_bytes(pages));
    return nullptr;
  }
  new (arena) Arena{reinterpret_cast<uintptr_t>(memory), bytes, pages, pages};
  for (uint32_t i = 0; i < pages; i++)
    new (&arena->spans()[i]) Span;
  san_poison(arena->base, bytes);
  uint32_t place = heap->arena_count;
  for (; place > 0 && heap->arenas[place - 1]->base > arena->base; place--)
    heap->arenas[place] = heap->arenas[place - 1];
  heap->arenas[place] = arena;
  heap->arena_count++;
  return arena;
}

void arena_drop(GcHeap* heap, Arena* arena) {
  uint32_t place = 0;
  while (heap->arenas[place] != arena)
    place++;
  heap->arena_count--;
  for (; place < heap->arena_count; place++)
    heap->arenas[place] = heap->arenas[place + 1];
  free_arena(arena);
}

// The last arena that begins at or below the address; null if there is none.
Arena* arena_below(const GcHeap* heap, uintptr_t address) {
  uint32_t low = 0;
  uint32_t high = heap->arena_count;
  while (low < high) {
    const uint32_t middle = (low + high) / 2;
    if (heap->arenas[middle]->base <= address) {
      low = middle + 1;
    } else {
      high = middle;
    }
  }
  return low == 0 ? nullptr : heap->arenas[low - 1];
}

bool is_one_object(const Arena* arena) { return arena->pages == 1; }

// `count` free pages in a row, from `arena`; kArenaPages: there are none.
uint32_t free_run(Arena* arena, uint32_t count) {
  uint32_t run = 0;
  for (uint32_t page = 0; page < arena->pages; page++) {
    const Span& span = arena->spans()[page];
    run = span.pages == 0 && span.back == 0 ? run + 1 : 0;
    if (run == count) return page + 1 - count;
  }
  return kArenaPages;
}

// The first of `count` pages, which are the span's now.
Span* take_pages(GcHeap* heap, uint32_t count) {
  Arena* arena = nullptr;
  uint32_t first = kArenaPages;
  for (uint32_t i = 0; i < heap->arena_count && first == kArenaPages; i++) {
    arena = heap->arenas[i];
    if (is_one_object(arena) || arena->pages_free < count) continue;
    first = free_run(arena, count);
  }
  if (first == kArenaPages) {
    arena = arena_make(heap, kArenaBytes, kArenaPages);
    if (arena == nullptr) return nullptr;
    first = 0;
  }
  arena->pages_free -= count;
  Span* span = &arena->spans()[first];
  *span = Span();
  span->base = arena->base + first * kHeapPageBytes;
  span->pages = count;
  for (uint32_t i = 1; i < count; i++)
    arena->spans()[first + i].back = i;
  return span;
}

void fill_span(Span* span, size_t slot_bytes, uint32_t slots, GcHolds holds) {
  span->slot_bytes = slot_bytes;
  span->slots = slots;
  span->holds = holds;
  for (uint32_t i = 0; i < slots; i++)
    slot_poison(span, i);
}

}  // namespace

void slot_poison(const Span* span, uint32_t slot) {
  const uintptr_t base = slot_base(span, slot);
  san_unpoison(base, span->slot_bytes);
  auto* words = reinterpret_cast<uint64_t*>(base);
  for (size_t i = 0; i < pattern_bytes(span) / 8; i++)
    words[i] = kFreedPattern;
  san_poison(base, span->slot_bytes);
}

void slot_check(const Span* span, uint32_t slot) {
  const uintptr_t base = slot_base(span, slot);
  san_unpoison(base, span->slot_bytes);
  const auto* words = reinterpret_cast<const uint64_t*>(base);
  for (size_t i = 0; i < pattern_bytes(span) / 8; i++) {
    if (words[i] == kFreedPattern) continue;
    ThrowDetail details[] = {{"object", base}, {"bytes", span->slot_bytes}, {"at", 8 * i}};
    throw_details("gc: a freed object was written to", details, 3);
  }
}

void slot_give(const Span* span, uint32_t slot) {
  slot_check(span, slot);
  memset(reinterpret_cast<void*>(slot_base(span, slot)), 0, span->slot_bytes);
}

GcHeap* heap_make(uint32_t procs, bool reuse) {
  const size_t bytes = sizeof(GcHeap) + procs * sizeof(SpanCache);
  void* memory = os_alloc(bytes);
  if (memory == nullptr) return nullptr;
  auto* heap = new (memory) GcHeap;
  heap->caches = procs;
  for (uint32_t i = 0; i < procs; i++)
    new (&heap->cache()[i]) SpanCache;
  heap->reuse = reuse;
  auto* objects = static_cast<uintptr_t*>(os_alloc(kMarkStackStart * sizeof(uintptr_t)));
  if (objects == nullptr) {
    os_free(memory, bytes);
    return nullptr;
  }
  heap->mark_stack = {objects, 0, kMarkStackStart, false};
  return heap;
}

void heap_free(GcHeap* heap) {
  for (uint32_t i = 0; i < heap->arena_count; i++)
    free_arena(heap->arenas[i]);
  if (heap->arenas != nullptr) os_free(heap->arenas, heap->arena_capacity * sizeof(Arena*));
  if (heap->roots != nullptr) os_free(heap->roots, heap->root_capacity * sizeof(RootRange));
  os_free(heap->mark_stack.objects, heap->mark_stack.capacity * sizeof(uintptr_t));
  os_free(heap, sizeof(GcHeap) + heap->caches * sizeof(SpanCache));
}

Span* span_make(GcHeap* heap, uint32_t size_class, GcHolds holds) {
  const size_t slot_bytes = size_class_bytes(size_class);
  const uint32_t pages = span_pages(slot_bytes);
  Span* span = take_pages(heap, pages);
  if (span == nullptr) return nullptr;
  const auto slots = static_cast<uint32_t>(pages * kHeapPageBytes / slot_bytes);
  CHECK_LE(slots, kSlotWords * 64);
  span->size_class = static_cast<uint8_t>(size_class);
  fill_span(span, slot_bytes, slots, holds);
  return span;
}

Span* span_make_large(GcHeap* heap, size_t bytes, GcHolds holds) {
  if (bytes > SIZE_MAX / 2) return nullptr;
  const size_t pages = (bytes + kHeapPageBytes - 1) / kHeapPageBytes;
  Span* span;
  if (pages > kArenaPages / 2) {
    Arena* arena = arena_make(heap, pages * kHeapPageBytes, 1);
    if (arena == nullptr) return nullptr;
    arena->pages_free = 0;
    span = arena->spans();
    span->base = arena->base;
    span->pages = 1;
  } else {
    span = take_pages(heap, static_cast<uint32_t>(pages));
    if (span == nullptr) return nullptr;
  }
  fill_span(span, pages * kHeapPageBytes, 1, holds);
  return span;
}

void span_free(GcHeap* heap, Span* span) {
  Arena* arena = arena_below(heap, span->base);
  const auto first = static_cast<uint32_t>(span - arena->spans());
  const uint32_t pages = span->pages;
  for (uint32_t i = 0; i < pages; i++)
    arena->spans()[first + i] = Span();
  arena->pages_free += pages;
  if (is_one_object(arena)) arena_drop(heap, arena);
}

int span_take(Span* span) {
  const uint32_t words = (span->slots + 63) / 64;
  for (uint32_t word = span->search_from; word < words; word++) {
    const uint64_t free = ~span->used[word];
    if (free == 0) continue;
    span->search_from = word;
    const uint32_t slot = word * 64 + static_cast<uint32_t>(__builtin_ctzll(free));
    if (slot >= span->slots) break;
    set_slot_bit(span->used, slot);
    return static_cast<int>(slot);
  }
  span->search_from = words;
  return -1;
}

Span* heap_find(const GcHeap* heap, uintptr_t address, uint32_t* slot) {
  Arena* arena = arena_below(heap, address);
  if (arena == nullptr || address - arena->base >= arena->bytes) return nullptr;
  Span* span = arena->spans();
  if (!is_one_object(arena)) {
    span += (address - arena->base) / kHeapPageBytes;
    span -= span->back;
  }
  if (span->pages == 0) return nullptr;
  const uint64_t index = (address - span->base) / span->slot_bytes;
  if (index >= span->slots) return nullptr;
  *slot = static_cast<uint32_t>(index);
  if (!slot_bit(span->used, *slot) || slot_bit(span->dead, *slot)) return nullptr;
  return span;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
