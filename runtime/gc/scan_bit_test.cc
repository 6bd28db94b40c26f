// Broken if this fails: a scan bit does not keep a goroutine where it is, or is not given back.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include <gtest/gtest.h>

#include "runtime/base/atomic.h"
#include "runtime/gc/gc.h"
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sync.h"
#include "runtime/upcalls.h"

namespace throwsplit {
namespace {

Config procs(uint32_t count) {
  Config config;
  config.procs = count;
  return config;
}

// Set by the goroutine under test once it is where the test wants it.
struct Parked {
  Goroutine goroutine;
  G* g = nullptr;
  uint32_t ready = 0;
  uint32_t resumed = 0;
};

void park_once(Parked* parked) {
  go([parked] {
    parked->g = getg();
    parked->goroutine = self();
    atomic_store<release>(&parked->ready, 1u);
    park();
    atomic_store<release>(&parked->resumed, 1u);
  });
  while (atomic_load<acquire>(&parked->ready) == 0 || readgstatus(parked->g) != Gwaiting)
    yield();
}

void wake(Parked* parked) {
  ready(parked->goroutine);
  while (atomic_load<acquire>(&parked->resumed) == 0)
    yield();
}

// A frame that every compiler checks.
NOINLINE void yield_at_a_check() {
  char bytes[512];
  asm volatile("" : : "r"(bytes) : "memory");
}

TEST(ScanBit, IsTakenOnceAndCountsAsARank) {
  ASSERT_EQ(run(procs(1),
                [] {
                  Parked parked;
                  park_once(&parked);
                  on_systemstack(
                      [](void* raw) {
                        G* gp = static_cast<Parked*>(raw)->g;
                        M* mp = getg()->m;
                        EXPECT_FALSE(castogscanstatus(gp, Grunnable, Gscanrunnable));
                        EXPECT_EQ(mp->held_ranks, 0u) << "a claim that failed holds nothing";
                        ASSERT_TRUE(castogscanstatus(gp, Gwaiting, Gscanwaiting));
                        EXPECT_NE(mp->held_ranks, 0u);
                        EXPECT_EQ(readgstatus(gp), uint32_t{Gscanwaiting});
                        EXPECT_EQ(plainstatus(gp), uint32_t{Gwaiting});
                        casfromgscanstatus(gp, Gscanwaiting, Gwaiting);
                        EXPECT_EQ(mp->held_ranks, 0u);
                      },
                      &parked);
                  wake(&parked);
                }),
            nullptr);
}

// Its waker waits as long as the bit is set, and no longer.
TEST(ScanBit, HoldsUpWhoMovesTheGoroutine) {
  ASSERT_EQ(
      run(procs(2),
          [] {
            static Parked parked;
            static uint32_t claimed;
            static uint32_t waking;
            parked = Parked();
            claimed = waking = 0;
            park_once(&parked);
            go([] {
              while (atomic_load<acquire>(&claimed) == 0)
                os_osyield();
              atomic_store<release>(&waking, 1u);
              ready(parked.goroutine);
            });
            M* mp = acquirem();  // the bit is this M's
            on_systemstack(
                [](void*) { ASSERT_TRUE(castogscanstatus(parked.g, Gwaiting, Gscanwaiting)); },
                nullptr);
            atomic_store<release>(&claimed, 1u);
            while (atomic_load<acquire>(&waking) == 0)
              os_osyield();
            for (int i = 0; i < 1000; i++) {
              os_osyield();
              EXPECT_EQ(atomic_load<acquire>(&parked.resumed), 0u);
              EXPECT_EQ(readgstatus(parked.g), uint32_t{Gscanwaiting});
            }
            casfromgscanstatus(parked.g, Gscanwaiting, Gwaiting);
            releasem(mp);
            while (atomic_load<acquire>(&parked.resumed) == 0)
              yield();
          }),
      nullptr);
}

// stopg does the work of a waiting goroutine at once; of one that runs it asks it, and the
// goroutine does it when it gives way.
TEST(ScanBit, StopgWorksOrAsks) {
  ASSERT_EQ(run(procs(1),
                [] {
                  Parked parked;
                  park_once(&parked);
                  on_systemstack(
                      [](void* raw) {
                        G* gp = static_cast<Parked*>(raw)->g;
                        gp->gcworkdone.init(0);
                        EXPECT_TRUE(stopg(gp));
                        EXPECT_EQ(gp->gcworkdone.peek(), 1u);
                        EXPECT_EQ(readgstatus(gp), uint32_t{Gscanwaiting});
                        restartg(gp);
                        EXPECT_EQ(readgstatus(gp), uint32_t{Gwaiting});
                        EXPECT_FALSE(stopg(gp)) << "its work of this phase is done";

                        G* me = getg()->m->curg.peek();
                        me->gcworkdone.init(0);
                        EXPECT_FALSE(stopg(me));
                        EXPECT_EQ(me->preemptscan.peek(), 1u);
                        EXPECT_EQ(readgstatus(me), uint32_t{Grunning});
                      },
                      &parked);
                  G* me = getg();
                  yield_at_a_check();
                  EXPECT_EQ(me->preemptscan.peek(), 0u);
                  EXPECT_EQ(me->gcworkdone.peek(), 1u);
                  wake(&parked);
                }),
            nullptr);
}

}  // namespace
}  // namespace throwsplit
