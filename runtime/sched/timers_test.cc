// Broken if this fails: a sleeper wakes too early, out of order, or not at all.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include <gtest/gtest.h>

#include <memory>
#include <vector>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

namespace throwsplit {
namespace {

Config procs(uint32_t count) {
  Config config;
  config.procs = count;
  return config;
}

constexpr int kSleepers = 200;  // fewer than a run queue holds
constexpr int64_t kFar = INT64_C(1) << 60;

// Sleepers without a stack: the heap holds them, and the test takes them from the queue again.
// On the system stack of a world with one P, so that nobody else comes by.
void fire_in_order(void* arg) {
  auto& order = *static_cast<std::vector<G*>*>(arg);
  auto sleepers = std::make_unique<G[]>(kSleepers);
  World& world = this_world();
  P* pp = getg()->m->p.peek();
  for (int i = 0; i < kSleepers; i++) {
    G* gp = &sleepers[i];
    gp->goid = static_cast<uint64_t>(i) + 100;
    gp->wake_ns = kFar + i * 7919 % 50;  // each time four times, in no order
    gp->atomicstatus.init(Gwaiting);
    ASSERT_TRUE(timer_add(gp, nullptr));
    int64_t earliest = kFar + 50;
    for (int k = 0; k <= i; k++)
      earliest = std::min(earliest, sleepers[k].wake_ns);
    ASSERT_EQ(timers_first(world), earliest);
  }
  EXPECT_EQ(timers_fire(world, kFar - 1), 0u);
  EXPECT_TRUE(runqempty(pp));
  uint32_t fired = timers_fire(world, kFar + 24);
  EXPECT_EQ(fired, kSleepers / 2u);
  EXPECT_EQ(timers_first(world), kFar + 25);
  fired += timers_fire(world, kFar + 1000);
  EXPECT_EQ(fired, uint32_t{kSleepers});
  EXPECT_EQ(timers_first(world), 0);
  const G* last = nullptr;
  while (G* gp = runqget(pp)) {
    EXPECT_EQ(readgstatus(gp), uint32_t{Grunnable});
    if (last != nullptr) {
      EXPECT_TRUE(last->wake_ns < gp->wake_ns ||
                  (last->wake_ns == gp->wake_ns && last->goid < gp->goid));
    }
    last = gp;
    order.push_back(gp);
  }
}

TEST(Timers, FireByTimeAndThenByAge) {
  if (kRunqCount < kSleepers) GTEST_SKIP() << "this flavour's run queues are too short";
  std::vector<G*> order;
  ASSERT_EQ(run(procs(1), [&] { on_systemstack(fire_in_order, &order); }), nullptr);
  EXPECT_EQ(order.size(), size_t{kSleepers});
}

TEST(Timers, GrowTheirHeap) {
  int woken = 0;
  ASSERT_EQ(run(procs(1),
                [&] {
                  for (int i = 0; i < 1500; i++) {  // the heap starts with room for 512
                    ASSERT_TRUE(go([&woken, i] {
                      sleep(100000 + i % 7 * 1000);
                      woken++;
                    }));
                  }
                }),
            nullptr);
  EXPECT_EQ(woken, 1500);
}

void sleep_long_enough(uint32_t processors) {
  int slept = 0;
  ASSERT_EQ(run(procs(processors),
                [&] {
                  for (int64_t ns : {1, 1000, 50000, 2000000}) {
                    int64_t before = os_nanotime();
                    sleep(ns);
                    EXPECT_GE(os_nanotime() - before, ns);
                    slept++;
                  }
                }),
            nullptr);
  EXPECT_EQ(slept, 4);
}

TEST(Sleep, LastsAtLeastAsLongOnOneP) { sleep_long_enough(1); }
TEST(Sleep, LastsAtLeastAsLongOnFourPs) { sleep_long_enough(4); }

// The idle M keeps the earliest sleeper so far; each one that is earlier still takes its place.
TEST(Sleep, SurvivesAChangeOfKeepers) {
  int woken = 0;
  ASSERT_EQ(run(procs(1),
                [&] {
                  constexpr int64_t kStepNs = 2000000;
                  for (int i = 10; i >= 1; i--) {
                    ASSERT_TRUE(go([&woken, i] {
                      int64_t before = os_nanotime();
                      sleep(i * kStepNs);
                      EXPECT_GE(os_nanotime() - before, i * kStepNs);
                      woken++;
                    }));
                    sleep(1000);  // lets the M go idle
                  }
                }),
            nullptr);
  EXPECT_EQ(woken, 10);
}

TEST(Sleep, OfNothingLetsOthersRun) {
  int ran = 0;
  ASSERT_EQ(run(procs(1),
                [&] {
                  ASSERT_TRUE(go([&] { ran++; }));
                  sleep(0);
                  EXPECT_EQ(ran, 1);
                  ASSERT_TRUE(go([&] { ran++; }));
                  sleep(-5);
                  EXPECT_EQ(ran, 2);
                }),
            nullptr);
}

}  // namespace
}  // namespace throwsplit
