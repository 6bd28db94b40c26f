// Sweeping: what is not marked becomes a pattern, lists and caches are made anew; and heap_verify.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/check.h"
#include "runtime/gc/heap.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

bool is_small(const Span* span) { return span->slot_bytes <= kSmallBytesMax; }

// Returns how many objects it keeps.
uint32_t sweep_span(GcHeap* heap, Span* span) {
  uint32_t kept = 0;
  for (uint32_t slot = 0; slot < span->slots; slot++) {
    if (!slot_bit(span->used, slot) || slot_bit(span->dead, slot)) continue;
    if (slot_bit(span->marked, slot)) {
      kept++;
      continue;
    }
    slot_poison(span, slot);
    heap->freed_objects++;
    heap->freed_bytes += span->slot_bytes;
    if (heap->reuse) {
      clear_slot_bit(span->used, slot);
    } else {
      set_slot_bit(span->dead, slot);
    }
  }
  span->search_from = 0;
  heap->live_bytes += kept * span->slot_bytes;
  return kept;
}

// The pages of small objects stay a span for one collection more: until then a write through a
// stale pointer is found. No memory of a large object waits.
bool is_due_back(const GcHeap* heap, Span* span, uint32_t kept) {
  if (!heap->reuse || kept != 0) {
    span->was_empty = false;
    return false;
  }
  if (is_small(span) && !span->was_empty) {
    span->was_empty = true;
    return false;
  }
  for (uint32_t slot = 0; slot < span->slots; slot++)
    slot_check(span, slot);
  return true;
}

bool has_free_slot(const Span* span) {
  for (uint32_t slot = 0; slot < span->slots; slot++) {
    if (!slot_bit(span->used, slot)) return true;
  }
  return false;
}

const char* span_wrong(const Span* span) {
  for (uint32_t slot = 0; slot < span->slots; slot++) {
    const bool used = slot_bit(span->used, slot);
    if (slot_bit(span->dead, slot) && !used) return "a dead slot is free";
    if (slot_bit(span->marked, slot) && !used) return "a free slot is marked";
  }
  return nullptr;
}

}  // namespace

void heap_sweep(GcHeap* heap) {
  // No cache keeps a span: a P that does not run for long would keep its free slots from others.
  for (uint32_t i = 0; i < heap->caches; i++)
    heap->cache()[i] = SpanCache();
  for (auto& of_class : heap->partial) {
    for (Span*& list : of_class)
      list = nullptr;
  }
  heap->live_bytes = 0;
  // An arena of one object goes with it, so the table may shrink under us: from its end.
  for (uint32_t i = heap->arena_count; i-- > 0;) {
    Arena* arena = heap->arenas[i];
    const uint32_t pages = arena->pages;
    for (uint32_t page = 0; page < pages; page++) {
      Span* span = &arena->spans()[page];
      if (span->pages == 0) continue;
      const uint32_t kept = sweep_span(heap, span);
      if (is_due_back(heap, span, kept)) {
        span_free(heap, span);
        if (pages == 1) break;
      } else if (is_small(span) && has_free_slot(span)) {
        Span*& list = heap->partial[span->size_class][static_cast<uint32_t>(span->holds)];
        span->next = list;
        list = span;
      }
    }
  }
  heap->since_bytes = 0;
}

const char* heap_verify(GcHeap* heap) {
  for (uint32_t i = 0; i < heap->arena_count; i++) {
    Arena* arena = heap->arenas[i];
    if (i != 0 && heap->arenas[i - 1]->base + heap->arenas[i - 1]->bytes > arena->base) {
      return "arenas overlap";
    }
    uint32_t free = 0;
    for (uint32_t page = 0; page < arena->pages; page++) {
      Span* span = &arena->spans()[page];
      free += span->pages == 0 && span->back == 0;
      if (span->pages == 0) continue;
      if (span->base < arena->base || span->base >= arena->base + arena->bytes) {
        return "a span lies outside its arena";
      }
      if (const char* wrong = span_wrong(span)) return wrong;
    }
    if (free != arena->pages_free) return "an arena counts its free pages wrongly";
  }
  for (uint32_t i = 0; i < kSizeClasses; i++) {
    for (uint32_t j = 0; j < kHolds; j++) {
      for (const Span* span = heap->partial[i][j]; span != nullptr; span = span->next) {
        if (span->size_class != i) return "a span is on the list of another size";
        if (static_cast<uint32_t>(span->holds) != j) return "a span is on the list of another kind";
      }
    }
  }
  return nullptr;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
