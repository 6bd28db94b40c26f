// Broken if this fails: the heap gives out memory that is in use, or loses what it has.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include "runtime/gc/heap.h"

#include <gtest/gtest.h>

#include <cstring>
#include <map>
#include <vector>

#include "runtime/runtime.h"
#include "runtime/sync/sync.h"

namespace throwsplit {
namespace {

Config one_p() {
  Config config;
  config.procs = 1;
  config.gc_trigger_bytes = 0;
  return config;
}

// Not a word that leads anywhere.
constexpr uintptr_t kMask = 0x5555555555555550;

TEST(SizeClass, HoldsWhatItIsAskedFor) {
  for (size_t bytes = 1; bytes <= kSmallBytesMax; bytes++) {
    const uint32_t index = size_class_of(bytes);
    ASSERT_LT(index, kSizeClasses);
    ASSERT_GE(size_class_bytes(index), bytes);
    ASSERT_EQ(size_class_bytes(index) % kObjectAlignBytes, 0u);
    if (index != 0) {
      ASSERT_LT(size_class_bytes(index - 1), bytes) << "a smaller class would do";
    }
    // At most a quarter of it is waste, but for the smallest.
    if (bytes > 128) {
      ASSERT_LE(size_class_bytes(index), bytes + bytes / 4);
    }
  }
}

TEST(Heap, GivesOutEachByteOnce) {
  ASSERT_EQ(run(one_p(),
                [] {
                  std::map<uintptr_t, size_t> objects;
                  uint64_t state = 1;
                  for (int i = 0; i < 3000; i++) {
                    state = state * 6364136223846793005u + 1442695040888963407u;
                    size_t bytes = 1 + (state >> 33) % 9000;
                    if (i % 100 == 0) bytes *= 40;
                    auto* object = static_cast<uint8_t*>(gc_alloc(bytes));
                    ASSERT_NE(object, nullptr);
                    auto at = reinterpret_cast<uintptr_t>(object);
                    ASSERT_EQ(at % kObjectAlignBytes, 0u);
                    for (size_t j = 0; j < bytes; j++)
                      ASSERT_EQ(object[j], 0);
                    memset(object, 0xee, bytes);
                    auto above = objects.lower_bound(at);
                    if (above != objects.end()) {
                      ASSERT_LE(at + bytes, above->first);
                    }
                    if (above != objects.begin()) {
                      auto below = std::prev(above);
                      ASSERT_LE(below->first + below->second, at);
                    }
                    objects[at] = bytes;
                  }
                  World& world = this_world();
                  Locked locked(&world.gc.lock);
                  EXPECT_STREQ(heap_verify(world.gc.heap), nullptr);
                  for (auto [at, bytes] : objects) {
                    uint32_t slot;
                    for (uintptr_t inside : {at, at + bytes / 2, at + bytes - 1}) {
                      const Span* span = heap_find(world.gc.heap, inside, &slot);
                      ASSERT_NE(span, nullptr);
                      EXPECT_EQ(slot_base(span, slot), at);
                    }
                  }
                }),
            nullptr);
}

NOINLINE void make_garbage(std::vector<uintptr_t>* hidden, size_t bytes, int count) {
  for (int i = 0; i < count; i++)
    hidden->push_back(reinterpret_cast<uintptr_t>(gc_alloc(bytes)) ^ kMask);
}

// What lies below on the stack is nobody's any more.
NOINLINE void clean() {
  volatile char bytes[4096];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = 0;
}

size_t live_among(const std::vector<uintptr_t>& hidden) {
  size_t live = 0;
  for (uintptr_t each : hidden) {
    uint32_t slot;
    live += heap_find(this_world().gc.heap, each ^ kMask, &slot) != nullptr;
  }
  return live;
}

TEST(Heap, FreesWhatNothingLeadsToAndUsesItAgain) {
  ASSERT_EQ(run(one_p(),
                [] {
                  std::vector<uintptr_t> hidden;
                  for (size_t bytes : {16, 300, 5000, 50000, 3 << 20}) {
                    hidden.clear();
                    const int count = bytes > 1 << 20 ? 4 : 200;
                    make_garbage(&hidden, bytes, count);
                    EXPECT_EQ(live_among(hidden), hidden.size());
                    const GcStats before = gc_stats();
                    clean();
                    gc();
                    clean();
                    gc();
                    // A stale word or two may keep as many alive.
                    EXPECT_LE(live_among(hidden), 3u) << bytes;
                    const GcStats after = gc_stats();
                    EXPECT_EQ(after.collections, before.collections + 2);
                    EXPECT_GE(after.freed_objects, before.freed_objects + hidden.size() - 3);
                    EXPECT_LE(after.live_bytes, 3 * (bytes + 8192) * 5);
                    EXPECT_STREQ(heap_verify(this_world().gc.heap), nullptr);
                  }
                  const size_t taken = gc_stats().arena_bytes;
                  for (int round = 0; round < 20; round++) {
                    make_garbage(&hidden, 1000, 500);
                    clean();
                    gc();
                  }
                  EXPECT_LE(gc_stats().arena_bytes, taken + 4 * kArenaBytes);
                }),
            nullptr);
}

TEST(Heap, CollectsByItselfWhenMuchWasAllocated) {
  Config config = one_p();
  config.gc_trigger_bytes = 1 << 20;
  ASSERT_EQ(run(config,
                [] {
                  for (int i = 0; i < 100000; i++)
                    ASSERT_NE(gc_alloc(100), nullptr);
                  EXPECT_GE(gc_stats().collections, 5u);
                  EXPECT_LE(gc_stats().arena_bytes, 24u << 20);
                }),
            nullptr);
}

TEST(Heap, RefusesWhatNobodyHas) {
  ASSERT_EQ(run(one_p(),
                [] {
                  EXPECT_EQ(gc_alloc(SIZE_MAX), nullptr);
                  EXPECT_EQ(gc_alloc(SIZE_MAX / 2), nullptr);
                  EXPECT_NE(gc_alloc(0), nullptr) << "an object all the same";
                }),
            nullptr);
}

// Marking must end, and right, when its stack is too small for what it finds.
TEST(Heap, MarksMoreThanItsStackHolds) {
  ASSERT_EQ(run(one_p(),
                [] {
                  constexpr int kObjects = 20000;
                  auto** table = static_cast<void**>(gc_alloc(kObjects * sizeof(void*)));
                  for (int i = 0; i < kObjects; i++) {
                    auto** object = static_cast<void**>(gc_alloc(16));
                    object[0] = gc_alloc(16, GcHolds::bytes);
                    table[i] = object;
                  }
                  gc();
                  for (int i = 0; i < kObjects; i++) {
                    uint32_t slot;
                    GcHeap* heap = this_world().gc.heap;
                    auto** object = static_cast<void**>(table[i]);
                    ASSERT_NE(heap_find(heap, reinterpret_cast<uintptr_t>(object), &slot), nullptr);
                    ASSERT_NE(heap_find(heap, reinterpret_cast<uintptr_t>(object[0]), &slot),
                              nullptr);
                  }
                }),
            nullptr);
}

}  // namespace
}  // namespace throwsplit
