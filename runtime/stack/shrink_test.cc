// Broken if this fails: a stack does not shrink where it may, or shrinks where it may not.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include <gtest/gtest.h>

#include "runtime/gc/gc.h"
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/copystack.h"
#include "runtime/stack/pool.h"
#include "runtime/stack/shrink_probe.h"
#include "runtime/stack/stack.h"
#include "runtime/sync/sync.h"

namespace throwsplit {
namespace {

Config one_p() {
  Config config;
  config.procs = 1;
  return config;
}

G* waiting;  // the mapped goroutine, once it waits

G* wait_here(G* gp) {
  waiting = gp;
  return gopark_m(gp, nullptr, nullptr, "test");
}

// A mapped goroutine that was `depth` frames deep and waits now.
void start(uint64_t depth, McallFn wait = wait_here) {
  ASSERT_EQ(shrink_probe::register_probe(), nullptr);
  waiting = nullptr;
  throwsplit_shrink_bad = 0;
  throwsplit_shrink_wait = wait;
  ASSERT_TRUE(go_mapped(throwsplit_shrink_main, reinterpret_cast<void*>(depth)));
  while (waiting == nullptr)
    yield();
}

TEST(Shrink, HalvesAParkedStackACollectionUntilAQuarterIsUsed) {
  ASSERT_EQ(run(one_p(),
                [] {
                  start(1000);
                  size_t bytes = mapped_bytes(waiting->stack);
                  EXPECT_EQ(bytes, 64u * 1024);
                  for (; bytes > kMappedBytesStart; bytes /= 2) {
                    EXPECT_EQ(mapped_bytes(waiting->stack), bytes);
                    gc();
                  }
                  EXPECT_EQ(mapped_bytes(waiting->stack), kMappedBytesStart);
                  gc();
                  EXPECT_EQ(mapped_bytes(waiting->stack), kMappedBytesStart) << "below 2 KiB";
                  EXPECT_TRUE(stackpool_verify(this_world().stackpool));
                  goready(waiting);
                }),
            nullptr);
  EXPECT_EQ(throwsplit_shrink_bad, 0u);
}

TEST(Shrink, LeavesAloneWhatIsInUse) {
  ASSERT_EQ(run(one_p(),
                [] {
                  start(1);
                  on_systemstack(
                      [](void*) {
                        ASSERT_TRUE(castogscanstatus(waiting, Gwaiting, Gscanwaiting));
                        copystack(waiting, 2 * kMappedBytesStart);
                        // 4 KiB, of which less than 1 are in use: it may go back, and no further.
                        EXPECT_TRUE(shrinkstack(waiting));
                        EXPECT_FALSE(shrinkstack(waiting));
                        casfromgscanstatus(waiting, Gscanwaiting, Gwaiting);
                      },
                      nullptr);
                  goready(waiting);
                }),
            nullptr);
  EXPECT_EQ(throwsplit_shrink_bad, 0u);
}

// What a park window looks like from outside: unlockf runs, and a collection meanwhile moves
// nothing.
G* wait_in_window(G* gp) {
  return gopark_m(
      gp,
      [](G* parked, void*) {
        waiting = parked;
        const StackRange before = parked->stack;
        EXPECT_NE(parked->parkingm.peek(), nullptr);
        EXPECT_FALSE(stack_may_shrink(parked));
        parked->gcworkdone.init(0);
        EXPECT_TRUE(stopg(parked));
        EXPECT_EQ(parked->gcworkdone.peek(), 1u);
        restartg(parked);
        EXPECT_EQ(parked->stack.base, before.base) << "moved in its park window";
        return true;
      },
      nullptr, "test");
}

TEST(Shrink, WaitsForTheEndOfAParkWindow) {
  ASSERT_EQ(run(one_p(),
                [] {
                  start(1000, wait_in_window);
                  const uintptr_t base = waiting->stack.base;
                  while (waiting->parkingm.peek() != nullptr)
                    yield();
                  EXPECT_TRUE(stack_may_shrink(waiting));
                  gc();
                  EXPECT_NE(waiting->stack.base, base) << "not even afterwards";
                  goready(waiting);
                }),
            nullptr);
  EXPECT_EQ(throwsplit_shrink_bad, 0u);
}

// A goroutine that gives way instead of waiting shrinks there itself, as it was asked.
G* give_way(G* gp) {
  waiting = gp;
  return gosched_m(gp);
}

TEST(Shrink, OfAQueuedGoroutineLeavesItsGuardRight) {
  ASSERT_EQ(run(one_p(),
                [] {
                  start(1000, give_way);
                  // It is queued behind us; a collection halves its stack, and then it runs on.
                  on_systemstack(
                      [](void*) {
                        ASSERT_EQ(readgstatus(waiting), uint32_t{Grunnable});
                        EXPECT_TRUE(gc_collect_try(this_world()));
                        EXPECT_EQ(mapped_bytes(waiting->stack), 32u * 1024);
                      },
                      nullptr);
                }),
            nullptr);
  EXPECT_EQ(throwsplit_shrink_bad, 0u);
}

TEST(Shrink, GivesUpQuietlyInACall) {
  ASSERT_EQ(run(one_p(),
                [] {
                  start(1000);
                  on_systemstack(
                      [](void*) {
                        waiting->syscallsp = waiting->sched.sp;
                        waiting->syscallscansp = waiting->sched.sp;
                        waiting->gcworkdone.init(0);
                        const uintptr_t base = waiting->stack.base;
                        EXPECT_TRUE(stopg(waiting));
                        EXPECT_EQ(waiting->stack.base, base) << "moved in a system call";
                        restartg(waiting);
                        waiting->syscallsp = 0;
                      },
                      nullptr);
                  goready(waiting);
                }),
            nullptr);
  EXPECT_EQ(throwsplit_shrink_bad, 0u);
}

// A native stack moves nowhere: its limit goes up, and what lies below reads as zero, given back.
NOINLINE int deep(int levels) {
  volatile char bytes[4096];
  bytes[0] = 0x5a;
  bytes[1] = 0x5a;
  asm volatile("" : : "r"(bytes) : "memory");  // or it becomes a loop with one frame
  return levels == 0 ? bytes[0] : deep(levels - 1) + bytes[1];
}

TEST(Shrink, OfANativeStackRaisesItsLimit) {
  ASSERT_EQ(run(one_p(),
                [] {
                  static G* native;
                  native = nullptr;
                  go(
                      [] {
                        EXPECT_GT(deep(30), 0);
                        native = getg();
                        park();
                      },
                      512 * 1024);
                  while (native == nullptr || readgstatus(native) != Gwaiting)
                    yield();
                  const uintptr_t hi = native->stack.hi;
                  const uintptr_t grown = native->stack.lo;
                  EXPECT_GT(hi - grown, StackGuard + 4 * kStackSoftBytesStart);
                  for (int i = 0; i < 20; i++)
                    gc();
                  EXPECT_GT(native->stack.lo, grown);
                  EXPECT_LE(hi - native->stack.lo, StackGuard + 4 * kStackSoftBytesStart);
                  EXPECT_EQ(native->stack.hi, hi) << "it moved";
                  goready(native);
                }),
            nullptr);
}

// A native function checks once. What a collection takes back between that check and the frame,
// while the goroutine gives way, must be there again.
G* asked;
constexpr size_t kFrameBytes = 24 * 1024;
uintptr_t frame_lo;

NO_SANITIZE NOINLINE void one_large_frame();
NO_SANITIZE void one_large_frame() {
  volatile char frame[kFrameBytes];
  frame[0] = 1;
  asm volatile("" : : "r"(frame) : "memory");
  frame_lo = reinterpret_cast<uintptr_t>(frame);
  EXPECT_GT(frame_lo, stack_guard(getg()));
}

TEST(Shrink, TakesNoRoomFromAFrameThatWasChecked) {
  ASSERT_EQ(run(one_p(),
                [] {
                  asked = nullptr;
                  frame_lo = 0;
                  go([] {
                    asked = getg();
                    preempt_self(getg());
                    one_large_frame();
                  });
                  while (asked == nullptr)
                    yield();
                  EXPECT_EQ(frame_lo, 0u) << "it did not give way before its frame";
                  EXPECT_GT(asked->stack.hi - stack_guard(asked), kFrameBytes);
                  on_systemstack(
                      [](void*) {
                        for (int i = 0; i < 4; i++)
                          EXPECT_TRUE(gc_collect_try(this_world()));
                      },
                      nullptr);
                  EXPECT_LT(asked->stack.hi - stack_guard(asked), kFrameBytes)
                      << "it did not shrink";
                  while (frame_lo == 0)
                    yield();
                }),
            nullptr);
}

}  // namespace
}  // namespace throwsplit
