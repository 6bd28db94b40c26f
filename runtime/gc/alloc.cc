// Allocation: from the P's own spans, without a lock as long as they last.
// SPDX-License-Identifier: Apache-2.0
#include "runtime/base/atomic.h"
#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/gc/gc.h"
#include "runtime/sync/sync.h"
#include "runtime/upcalls.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// Needs gc.lock.
GcHeap* heap_made(World& world) {
  if (world.gc.heap == nullptr) {
    GcHeap* heap = heap_make(world.settings.procs, !world.settings.canonical_checks);
    atomic_store<release>(&world.gc.heap, heap);
  }
  return world.gc.heap;
}

// Needs gc.lock; read without it (gcheap_is_due).
void count_given(GcHeap* heap, size_t bytes) {
  atomic_store<relaxed>(&heap->since_bytes, heap->since_bytes + bytes);
}

// Needs gc.lock.
Span* span_for(GcHeap* heap, uint32_t size_class, GcHolds holds) {
  Span*& list = heap->partial[size_class][static_cast<uint32_t>(holds)];
  Span* span = list;
  if (span != nullptr) {
    list = span->next;
    span->next = nullptr;
  } else {
    span = span_make(heap, size_class, holds);
  }
  if (span != nullptr) count_given(heap, span->slots * span->slot_bytes);
  return span;
}

// Needs: this M keeps its P (acquirem).
void* alloc_small(World& world, P* pp, size_t bytes, GcHolds holds) {
  const uint32_t size_class = size_class_of(bytes);
  for (;;) {
    GcHeap* heap = atomic_load<acquire>(&world.gc.heap);
    Span* span = nullptr;
    if (heap != nullptr)
      span = heap->cache()[pp->id].span[size_class][static_cast<uint32_t>(holds)];
    if (span != nullptr) {
      const int slot = span_take(span);
      if (slot >= 0) {
        slot_give(span, static_cast<uint32_t>(slot));
        return reinterpret_cast<void*>(slot_base(span, static_cast<uint32_t>(slot)));
      }
    }
    // A full span is on no list until the next sweep.
    Locked locked(&world.gc.lock);
    heap = heap_made(world);
    span = heap == nullptr ? nullptr : span_for(heap, size_class, holds);
    if (span == nullptr) return nullptr;
    heap->cache()[pp->id].span[size_class][static_cast<uint32_t>(holds)] = span;
  }
}

void* alloc_large(World& world, size_t bytes, GcHolds holds) {
  Locked locked(&world.gc.lock);
  GcHeap* heap = heap_made(world);
  Span* span = heap == nullptr ? nullptr : span_make_large(heap, bytes, holds);
  if (span == nullptr) return nullptr;
  count_given(heap, span->slot_bytes);
  const int slot = span_take(span);
  CHECK_EQ(slot, 0);
  slot_give(span, 0);
  return reinterpret_cast<void*>(span->base);
}

bool grow_roots(GcHeap* heap) {
  const uint32_t capacity = heap->root_capacity == 0
                                ? static_cast<uint32_t>(kPageBytes / sizeof(RootRange))
                                : 2 * heap->root_capacity;
  auto* roots = static_cast<RootRange*>(os_alloc(capacity * sizeof(RootRange)));
  if (roots == nullptr) return false;
  for (uint32_t i = 0; i < heap->root_count; i++)
    roots[i] = heap->roots[i];
  if (heap->roots != nullptr) os_free(heap->roots, heap->root_capacity * sizeof(RootRange));
  heap->roots = roots;
  heap->root_capacity = capacity;
  return true;
}

}  // namespace

void* gcheap_alloc(size_t bytes, GcHolds holds) {
  M* mp = acquirem();
  P* pp = mp->p.peek();
  if (pp == nullptr) throw_("gc_alloc: needs a processor, and a blocking function has none");
  if (bytes == 0) bytes = 1;
  World& world = *mp->world;
  void* object = bytes <= kSmallBytesMax ? alloc_small(world, pp, bytes, holds)
                                         : alloc_large(world, bytes, holds);
  releasem(mp);
  return object;
}

bool gcheap_is_due(World& world) {
  if (world.settings.gc_trigger_bytes == 0) return false;
  const GcHeap* heap = atomic_load<acquire>(&world.gc.heap);
  if (heap == nullptr) return false;
  const size_t since = atomic_load<relaxed>(&heap->since_bytes);
  const size_t live = atomic_load<relaxed>(&heap->live_bytes);
  return since >= (live > world.settings.gc_trigger_bytes ? live : world.settings.gc_trigger_bytes);
}

bool gcheap_add_root(World& world, uintptr_t base, size_t bytes) {
  Locked locked(&world.gc.lock);
  GcHeap* heap = heap_made(world);
  if (heap == nullptr) return false;
  if (heap->root_count == heap->root_capacity && !grow_roots(heap)) return false;
  heap->roots[heap->root_count++] = {base, bytes};
  return true;
}

bool gcheap_remove_root(World& world, uintptr_t base) {
  Locked locked(&world.gc.lock);
  GcHeap* heap = world.gc.heap;
  for (uint32_t i = 0; heap != nullptr && i < heap->root_count; i++) {
    if (heap->roots[i].base != base) continue;
    heap->roots[i] = heap->roots[--heap->root_count];
    return true;
  }
  return false;
}

void gcheap_free(World* world) {
  if (world->gc.heap != nullptr) heap_free(world->gc.heap);
  world->gc.heap = nullptr;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
