// Broken if this fails: a run queue loses a goroutine, holds one twice, or forgets their order.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include <gtest/gtest.h>

#include <atomic>
#include <memory>
#include <vector>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

namespace throwsplit {
namespace {

constexpr uint32_t kCount = kRunqCount;

// A world that nobody runs: queues without schedulers.
struct Still {
  explicit Still(uint32_t procs, uint32_t goroutines)
      : world(std::make_unique<World>()),
        ps(std::make_unique<P[]>(procs)),
        gs(std::make_unique<G[]>(goroutines)) {
    world->settings.procs = procs;
    world->allp = ps.get();
    for (uint32_t i = 0; i < goroutines; i++)
      gs[i].index = i;
  }
  std::unique_ptr<World> world;
  std::unique_ptr<P[]> ps;
  std::unique_ptr<G[]> gs;
};

// Runs `story` on the system stack of a goroutine: run queues want an M, and no preemption.
void on_an_m(uint32_t procs, void (*story)(void*)) {
  Config config;
  config.procs = procs;
  ASSERT_EQ(run(config, [&] { on_systemstack(story, nullptr); }), nullptr);
}

TEST(Runq, IsFirstInFirstOut) {
  on_an_m(1, [](void*) {
    Still still(1, kCount);
    P* pp = &still.ps[0];
    EXPECT_TRUE(runqempty(pp));
    EXPECT_EQ(runqget(pp), nullptr);
    for (uint32_t i = 0; i < kCount; i++)
      runqput(*still.world, pp, &still.gs[i]);
    EXPECT_FALSE(runqempty(pp));
    EXPECT_EQ(still.world->sched.runq.count(), 0u);
    for (uint32_t i = 0; i < kCount; i++)
      EXPECT_EQ(runqget(pp), &still.gs[i]);
    EXPECT_EQ(runqget(pp), nullptr);
  });
}

TEST(Runq, OverflowsByHalfIntoTheGlobalQueue) {
  on_an_m(1, [](void*) {
    Still still(1, kCount + 1);
    P* pp = &still.ps[0];
    for (uint32_t i = 0; i <= kCount; i++)
      runqput(*still.world, pp, &still.gs[i]);
    // The older half, and the newcomer behind it.
    EXPECT_EQ(still.world->sched.runq.count(), kCount / 2 + 1);
    EXPECT_EQ(still.world->sched.runqsize.peek(), kCount / 2 + 1);
    for (uint32_t i = kCount / 2; i < kCount; i++)
      EXPECT_EQ(runqget(pp), &still.gs[i]);
    EXPECT_EQ(runqget(pp), nullptr);
    for (uint32_t i = 0; i < kCount / 2; i++)
      EXPECT_EQ(still.world->sched.runq.pop_front(), &still.gs[i]);
    EXPECT_EQ(still.world->sched.runq.pop_front(), &still.gs[kCount]);
  });
}

TEST(Runq, AThiefTakesTheOlderHalf) {
  on_an_m(1, [](void*) {
    for (uint32_t have = 0; have <= kCount; have++) {
      Still still(2, kCount);
      P* owner = &still.ps[0];
      P* thief = &still.ps[1];
      for (uint32_t i = 0; i < have; i++)
        runqput(*still.world, owner, &still.gs[i]);
      G* first = runqsteal(thief, owner);
      uint32_t stolen = have - have / 2;
      if (have == 0) {
        EXPECT_EQ(first, nullptr);
        continue;
      }
      EXPECT_EQ(first, &still.gs[0]);
      for (uint32_t i = 1; i < stolen; i++)
        EXPECT_EQ(runqget(thief), &still.gs[i]);
      EXPECT_EQ(runqget(thief), nullptr);
      for (uint32_t i = stolen; i < have; i++)
        EXPECT_EQ(runqget(owner), &still.gs[i]);
      EXPECT_EQ(runqget(owner), nullptr);
    }
  });
}

TEST(Runq, TheGlobalQueueIsSharedFairly) {
  on_an_m(1, [](void*) {
    Still still(2, kCount);
    Sched& sched = still.world->sched;
    P* pp = &still.ps[0];
    EXPECT_EQ(globrunqget(*still.world, pp, 0), nullptr);
    for (uint32_t i = 0; i < kCount; i++)
      globrunqput(*still.world, &still.gs[i]);
    EXPECT_EQ(globrunqget(*still.world, pp, 1), &still.gs[0]);
    EXPECT_TRUE(runqempty(pp)) << "asked for one only";
    // Of two Ps each takes about half; one of them is returned, the others are queued.
    EXPECT_EQ(globrunqget(*still.world, pp, 0), &still.gs[1]);
    uint32_t share = std::min((kCount - 1) / 2 + 1, kCount / 2);
    for (uint32_t i = 1; i < share; i++)
      EXPECT_EQ(runqget(pp), &still.gs[1 + i]);
    EXPECT_EQ(runqget(pp), nullptr);
    EXPECT_EQ(sched.runq.count(), kCount - 1 - share);
    EXPECT_EQ(sched.runqsize.peek(), kCount - 1 - share);
    EXPECT_TRUE(has_work(*still.world, pp)) << "the global queue is work";
    while (sched.runq.pop_front() != nullptr) {
    }
    sched.runqsize.init(0);
    EXPECT_FALSE(has_work(*still.world, pp));
    runqput(*still.world, pp, &still.gs[0]);
    EXPECT_TRUE(has_work(*still.world, pp)) << "the local queue is work";
  });
}

// One owner puts and gets, two thieves steal; each goroutine must come out once.
TEST(Runq, LosesNothingUnderThieves) {
  static constexpr uint32_t kGoroutines = 20000;
  Still still(3, kGoroutines);
  std::vector<std::atomic<int>> seen(kGoroutines);
  std::atomic<bool> over{false};
  std::atomic<uint32_t> thieves{2};
  Config config;
  config.procs = 3;
  ASSERT_EQ(run(config,
                [&] {
                  struct Story {
                    Still* still;
                    std::vector<std::atomic<int>>* seen;
                    std::atomic<bool>* over;
                    uint32_t me;
                  };
                  auto* shared = &still;
                  for (uint32_t me = 1; me <= 2; me++) {
                    ASSERT_TRUE(go([&, shared, me] {
                      Story story = {shared, &seen, &over, me};
                      on_systemstack(
                          [](void* arg) {
                            auto& my = *static_cast<Story*>(arg);
                            P* pp = &my.still->ps[my.me];
                            while (!my.over->load()) {
                              G* gp = runqsteal(pp, &my.still->ps[0]);
                              for (; gp != nullptr; gp = runqget(pp))
                                (*my.seen)[gp->index]++;
                            }
                          },
                          &story);
                      thieves--;
                    }));
                  }
                  Story story = {shared, &seen, &over, 0};
                  on_systemstack(
                      [](void* arg) {
                        auto& my = *static_cast<Story*>(arg);
                        P* pp = &my.still->ps[0];
                        for (uint32_t i = 0; i < kGoroutines; i++) {
                          runqput(*my.still->world, pp, &my.still->gs[i]);
                          if (i % 3 != 0) continue;
                          if (G* gp = runqget(pp)) (*my.seen)[gp->index]++;
                        }
                        while (G* gp = runqget(pp))
                          (*my.seen)[gp->index]++;
                        my.over->store(true);
                      },
                      &story);
                  while (thieves != 0)
                    yield();
                }),
            nullptr);
  while (G* gp = still.world->sched.runq.pop_front())
    seen[gp->index]++;
  for (uint32_t i = 0; i < kGoroutines; i++)
    ASSERT_EQ(seen[i], 1) << "goroutine " << i;
}

}  // namespace
}  // namespace throwsplit
