// Broken if this fails: a native stack grows beyond its range, not at all, or over its own frames.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include "runtime/stack/stack.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <set>

#include "runtime/runtime.h"

namespace throwsplit {
namespace {

Config procs(uint32_t count) {
  Config config;
  config.procs = count;
  return config;
}

// ---- The sums, without a goroutine

class StackMath : public testing::Test {
 protected:
  void TearDown() override { stackfree(&g_, false); }
  uintptr_t lowest() const { return g_.stack.base + kPageBytes; }
  G g_;
};

TEST_F(StackMath, AFreshStackHasItsSoftLimit) {
  ASSERT_TRUE(stackalloc(&g_, kStackReservedBytesDefault));
  EXPECT_EQ(g_.stack.hi - g_.stack.base, kStackReservedBytesDefault);
  EXPECT_EQ(stack_guard(&g_), g_.stack.hi - kStackSoftBytesStart);
  EXPECT_TRUE(stack_guard_words_intact(&g_));
}

TEST_F(StackMath, SizesAreRoundedUpToPagesAndToTheLeast) {
  ASSERT_TRUE(stackalloc(&g_, kStackReservedBytesDefault + 1));
  EXPECT_EQ(g_.stack.hi - g_.stack.base, kStackReservedBytesDefault + kPageBytes);
  stackfree(&g_, false);
  EXPECT_EQ(g_.stack.base, 0u);
  ASSERT_TRUE(stackalloc(&g_, 1));
  EXPECT_GE(g_.stack.hi - lowest(), StackGuard + kStackSoftBytesStart);
  EXPECT_LT(stack_guard(&g_), g_.stack.hi);
}

TEST_F(StackMath, GrowsUntilTheFramePassesItsCheck) {
  ASSERT_TRUE(stackalloc(&g_, size_t{1} << 20));
  for (uintptr_t frame : {uintptr_t{8}, uintptr_t{256}, uintptr_t{257}, uintptr_t{100 * 1024}}) {
    stack_reset(&g_);
    const uintptr_t start = g_.stack.lo;
    uintptr_t sp = stack_guard(&g_);  // trips whatever the frame
    ASSERT_TRUE(stack_grow_in_place(&g_, sp, frame));
    EXPECT_LT(g_.stack.lo, start);
    EXPECT_GE(g_.stack.lo, lowest());
    EXPECT_GT(sp - frame, stack_guard(&g_)) << "would trip again";
    // No further down than it takes: half of it would not have been enough.
    EXPECT_LE(sp - frame, g_.stack.hi - (g_.stack.hi - g_.stack.lo) / 2 + StackGuard);
  }
}

TEST_F(StackMath, DoesNotGrowForAFrameThatFits) {
  ASSERT_TRUE(stackalloc(&g_, size_t{1} << 20));
  const uintptr_t start = g_.stack.lo;
  ASSERT_TRUE(stack_grow_in_place(&g_, g_.stack.hi - 64, 256));
  EXPECT_EQ(g_.stack.lo, start);
}

TEST_F(StackMath, StopsAtTheFence) {
  ASSERT_TRUE(stackalloc(&g_, kStackReservedBytesDefault));
  EXPECT_TRUE(stack_grow_in_place(&g_, lowest() + StackGuard + 257, 256));
  EXPECT_EQ(g_.stack.lo, lowest());
  EXPECT_FALSE(stack_grow_in_place(&g_, lowest() + StackGuard + 256, 256));
  EXPECT_FALSE(stack_grow_in_place(&g_, g_.stack.hi, kStackReservedBytesDefault));
  EXPECT_FALSE(stack_grow_in_place(&g_, g_.stack.hi, ~uintptr_t{0}));
  EXPECT_EQ(g_.stack.lo, lowest());
}

// ---- On a goroutine

struct Depth {
  std::set<uintptr_t> limits;
  int deepest = 0;
};

NOINLINE long recurse(Depth* depth, int level) {
  long values[24];
  for (int i = 0; i < 24; i++)
    values[i] = level * 1000 + i;
  asm volatile("" : : "r"(values) : "memory");
  depth->limits.insert(getg()->stack.lo);
  long sum = level == depth->deepest ? 0 : recurse(depth, level + 1);
  for (int i = 0; i < 24; i++) {
    if (values[i] != level * 1000 + i) return -1;
    sum += values[i];
  }
  return sum;
}

TEST(Stack, GrowsInPlaceByDoublingAndKeepsEveryFrame) {
  ASSERT_EQ(run(procs(1),
                [] {
                  ASSERT_TRUE(go(
                      [] {
                        G* gp = getg();
                        const StackRange start = gp->stack;
                        Depth depth;
                        depth.deepest = 1000;
                        long sum = recurse(&depth, 0);
                        long expected = 0;
                        for (long level = 0; level <= depth.deepest; level++)
                          expected += 24 * level * 1000 + 276;
                        EXPECT_EQ(sum, expected);
                        EXPECT_EQ(gp->stack.hi, start.hi);
                        EXPECT_EQ(gp->stack.base, start.base);
                        EXPECT_LT(gp->stack.lo, start.lo) << "it never grew";
                        EXPECT_GE(depth.limits.size(), 3u);
                        uintptr_t limit = start.lo;
                        for (auto one = depth.limits.rbegin(); one != depth.limits.rend(); ++one) {
                          while (limit > *one && limit > start.base + kPageBytes)
                            limit = std::max(start.hi - 2 * (start.hi - limit),
                                             start.base + kPageBytes);
                          EXPECT_EQ(*one, limit) << "not a doubling";
                        }
                      },
                      size_t{4} << 20));
                }),
            nullptr);
}

NOINLINE int touch_100_kib(int seed) {
  char frame[100 * 1024];
  for (size_t i = 0; i < sizeof frame; i += 512)
    frame[i] = static_cast<char>(i / 512 + static_cast<size_t>(seed));
  asm volatile("" : : "r"(frame) : "memory");
  yield();
  for (size_t i = 0; i < sizeof frame; i += 512) {
    if (frame[i] != static_cast<char>(i / 512 + static_cast<size_t>(seed))) return -1;
  }
  return seed;
}

TEST(Stack, HoldsAFrameOf100KiB) {
  int right = 0;
  ASSERT_EQ(run(procs(1),
                [&] {
                  for (int i = 0; i < 4; i++)
                    ASSERT_TRUE(go([&right, i] { right += touch_100_kib(i) == i; }));
                }),
            nullptr);
  EXPECT_EQ(right, 4);
}

// A goroutine that ended keeps its stack for the next one, whatever size the config asked for.
TEST(Stack, OfTheDefaultSizeIsKept) {
  for (size_t bytes : {size_t{0}, size_t{100'000}, size_t{256 * 1024}}) {
    Config config = procs(1);
    config.stack_bytes = bytes;
    G* ended = nullptr;
    uintptr_t kept = 0;
    ASSERT_EQ(run(config,
                  [&] {
                    ASSERT_TRUE(go([&] { ended = getg(); }));
                    while (ended == nullptr || readgstatus(ended) != Gdead)
                      yield();
                    kept = ended->stack.base;
                  }),
              nullptr);
    EXPECT_NE(kept, 0u) << bytes;
  }
}

}  // namespace
}  // namespace throwsplit
