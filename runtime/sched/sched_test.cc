// Broken if this fails: a wake-up is lost, a hog keeps its P, or two worlds know of each other.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include "runtime/sched/sched.h"

#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <atomic>
#include <cstdlib>
#include <string>
#include <thread>
#include <vector>

#include "runtime/runtime.h"

namespace throwsplit {
namespace {

Config procs(uint32_t count) {
  Config config;
  config.procs = count;
  return config;
}

// ---- park and ready

TEST(Park, AReadyThatCameFirstIsNotLost) {
  ASSERT_EQ(run(procs(1),
                [] {
                  ready(self());
                  park();  // would be a deadlock
                }),
            nullptr);
}

TEST(Park, TwoReadiesAreOneToken) {
  int woken = 0;
  ASSERT_EQ(run(procs(1),
                [&] {
                  Goroutine waiter = self();
                  ready(waiter);
                  ready(waiter);
                  park();
                  ASSERT_TRUE(go([&woken, waiter] {
                    woken++;
                    ready(waiter);
                  }));
                  park();  // the second token is used up: this one waits for the goroutine
                  EXPECT_EQ(woken, 1);
                }),
            nullptr);
}

TEST(Park, WakesOnAnotherProcessor) {
  constexpr int kRounds = 2000;
  int sum = 0;
  ASSERT_EQ(run(procs(2),
                [&sum] {
                  Goroutine ping = self();
                  std::atomic<int> turn{0};
                  std::atomic<int>* shared = &turn;
                  std::atomic<bool> have_pong{false};
                  Goroutine pong;
                  auto* pong_out = &pong;
                  auto* have = &have_pong;
                  ASSERT_TRUE(go([=] {
                    *pong_out = self();
                    *have = true;
                    ready(ping);
                    for (int i = 0; i < kRounds; i++) {
                      while (*shared != 2 * i + 1)
                        park();
                      *shared = 2 * i + 2;
                      ready(ping);
                    }
                  }));
                  while (!have_pong)
                    park();
                  for (int i = 0; i < kRounds; i++) {
                    turn = 2 * i + 1;
                    ready(pong);
                    while (turn != 2 * i + 2)
                      park();
                    sum++;
                  }
                }),
            nullptr);
  EXPECT_EQ(sum, kRounds);
}

TEST(Park, ReadyForAnEndedGoroutineDoesNothing) {
  ASSERT_EQ(run(procs(1),
                [] {
                  Goroutine gone;
                  Goroutine* out = &gone;
                  ASSERT_TRUE(go([out] { *out = self(); }));
                  yield();
                  EXPECT_NE(gone.id(), 0u);
                  EXPECT_NE(gone.id(), self().id());
                  ready(gone);
                }),
            nullptr);
}

// ---- Goroutines from goroutines

void family(std::atomic<int>* born, int generations) {
  ++*born;
  if (generations == 0) return;
  for (int child = 0; child < 3; child++)
    ASSERT_TRUE(go([born, generations] { family(born, generations - 1); }));
}

TEST(Go, FromInsideOfGoroutines) {
  std::atomic<int> born{0};
  ASSERT_EQ(run(procs(2), [&] { family(&born, 6); }), nullptr);
  EXPECT_EQ(born, (2187 - 1) / 2);  // 1 + 3 + 9 + ... + 729
}

TEST(Go, MoreThanARunQueueHolds) {
  constexpr int kMany = 3 * static_cast<int>(kRunqCount) + 7;
  int ran = 0;
  ASSERT_EQ(run(procs(1),
                [&] {
                  for (int i = 0; i < kMany; i++)
                    ASSERT_TRUE(go([&ran] { ran++; }));
                }),
            nullptr);
  EXPECT_EQ(ran, kMany);
}

TEST(Go, IdsAreNeverUsedTwice) {
  std::vector<uint64_t> ids;
  ASSERT_EQ(run(procs(1),
                [&] {
                  for (int i = 0; i < 50; i++) {
                    ASSERT_TRUE(go([&ids] { ids.push_back(self().id()); }));
                    yield();
                  }
                }),
            nullptr);
  ASSERT_EQ(ids.size(), 50u);
  for (size_t i = 1; i < ids.size(); i++)
    EXPECT_GT(ids[i], ids[i - 1]);
}

TEST(Go, SaysWhenTheKernelRefusesAStack) {
  ASSERT_EQ(run(procs(1), [] { EXPECT_FALSE(go([] {}, size_t{1} << 50)); }), nullptr);
}

// ---- Preemption

NOINLINE void callee() {
  char frame[64];
  asm volatile("" : : "r"(frame) : "memory");
}

// The hog never gives way of its own accord; its only chance to stop is what the other one writes.
TEST(Preemption, AHogOnTheOnlyPIsAskedToGiveWay) {
  std::atomic<bool> stop{false};
  ASSERT_EQ(run(procs(1),
                [&] {
                  ASSERT_TRUE(go([&] { stop = true; }));
                  while (!stop.load(std::memory_order_relaxed))
                    callee();
                }),
            nullptr);
}

TEST(Preemption, AHogDoesNotHoldUpAStop) {
  std::atomic<bool> stop{false};
  int stopped = 0;
  ASSERT_EQ(run(procs(2),
                [&] {
                  ASSERT_TRUE(go([&] {
                    while (!stop.load(std::memory_order_relaxed))
                      callee();
                  }));
                  yield();
                  for (int i = 0; i < 20; i++)
                    stop_the_world([](void* arg) { ++*static_cast<int*>(arg); }, &stopped);
                  stop = true;
                }),
            nullptr);
  EXPECT_EQ(stopped, 20);
}

// ---- Stopping the world

// Each finds the word as the one before left it, although all of them want to stop the world.
void stop_from_several(uint32_t processors, bool rescues) {
  constexpr int kStoppers = 8;
  constexpr int kStops = 50;
  struct Shared {
    int inside = 0;
    int stops = 0;
    int overlaps = 0;
  } shared;
  Config config = procs(processors);
  config.rescues = rescues;
  ASSERT_EQ(run(config,
                [&shared] {
                  for (int i = 0; i < kStoppers; i++) {
                    ASSERT_TRUE(go([&shared] {
                      for (int k = 0; k < kStops; k++) {
                        stop_the_world(
                            [](void* arg) {
                              auto* all = static_cast<Shared*>(arg);
                              if (++all->inside != 1) all->overlaps++;
                              all->stops++;
                              all->inside--;
                            },
                            &shared);
                        syscall(SYS_getpid);
                      }
                    }));
                  }
                }),
            nullptr);
  EXPECT_EQ(shared.stops, kStoppers * kStops);
  EXPECT_EQ(shared.overlaps, 0);
}

TEST(StopTheWorld, FromSeveralGoroutinesOnOneP) { stop_from_several(1, true); }
TEST(StopTheWorld, FromSeveralGoroutinesOnFourPs) { stop_from_several(4, true); }
TEST(StopTheWorld, NeedsNoRescues) { stop_from_several(4, false); }

// ---- Worlds

TEST(World, RefusesWhatItCannotDo) {
  int ran = 0;
  Config config = procs(257);
  EXPECT_STREQ(run(config, [&] { ran++; }), "procs must be 1 to 256");
  config = procs(1);
  config.max_ms = 0;
  EXPECT_STREQ(run(config, [&] { ran++; }), "max_ms must be at least 1");
  config = procs(1);
  config.stack_bytes = size_t{1} << 50;
  EXPECT_STREQ(run(config, [&] { ran++; }), "no memory for the first goroutine");
  EXPECT_EQ(ran, 0);
  ASSERT_EQ(run(procs(1),
                [] {
                  EXPECT_STREQ(run(procs(1), [] { FAIL() << "a world in a world"; }),
                               "this thread already runs a world");
                }),
            nullptr);
}

TEST(World, AcceptsZeroAndTheMost) {
  int ran = 0;
  EXPECT_EQ(run(procs(0), [&] { ran++; }), nullptr);
  EXPECT_EQ(run(procs(256), [&] { ran++; }), nullptr);
  EXPECT_EQ(ran, 2);
}

void small_world(uint32_t processors, std::atomic<int>* ran) {
  ASSERT_EQ(run(procs(processors),
                [ran] {
                  EXPECT_EQ(self().id(), 1u);
                  for (int i = 0; i < 50; i++) {
                    ASSERT_TRUE(go([ran] {
                      sleep(1000);
                      syscall(SYS_getpid);
                      ++*ran;
                    }));
                  }
                  stop_the_world([](void*) {}, nullptr);
                }),
            nullptr);
}

TEST(World, OneAfterTheOther) {
  std::atomic<int> ran{0};
  for (int i = 0; i < 100; i++)
    small_world(static_cast<uint32_t>(i % 4) + 1, &ran);
  EXPECT_EQ(ran, 100 * 50);
  EXPECT_EQ(getg(), nullptr);
}

TEST(World, SeveralAtOnceOnThreadsOfTheirOwn) {
  std::atomic<int> ran{0};
  std::vector<std::thread> threads;
  for (int i = 0; i < 4; i++) {
    threads.emplace_back([&ran] {
      for (int k = 0; k < 10; k++)
        small_world(2, &ran);
    });
  }
  for (std::thread& thread : threads)
    thread.join();
  EXPECT_EQ(ran, 4 * 10 * 50);
}

// The end of a world races with whoever is still waking threads for its last goroutines.
TEST(World, ManyThatEndAtOnce) {
  std::atomic<int> ran{0};
  for (int i = 0; i < 300; i++) {
    ASSERT_EQ(run(procs(4),
                  [&ran] {
                    for (int k = 0; k < 4; k++) {
                      ASSERT_TRUE(go([&ran] {
                        sleep(20000);
                        ++ran;
                      }));
                    }
                  }),
              nullptr);
  }
  EXPECT_EQ(ran, 300 * 4);
}

// ---- What people read

TEST(Dump, TellsOfEveryGoroutineProcessorAndThread) {
  testing::internal::CaptureStderr();
  ASSERT_EQ(run(procs(2),
                [] {
                  Goroutine waiter = self();
                  ASSERT_TRUE(go([waiter] {
                    dump_world();
                    ready(waiter);
                  }));
                  park();
                }),
            nullptr);
  std::string text = testing::internal::GetCapturedStderr();
  EXPECT_NE(text.find("SCHED: gcwaiting=0"), std::string::npos) << text;
  EXPECT_NE(text.find("  P0: status="), std::string::npos) << text;
  EXPECT_NE(text.find("  P1: status="), std::string::npos) << text;
  EXPECT_NE(text.find("  M0: p="), std::string::npos) << text;
  EXPECT_NE(text.find("goroutine 1 ["), std::string::npos) << text;
  EXPECT_NE(text.find("goroutine 2 [running]"), std::string::npos) << text;
}

// When that was, by the line that tells of it (cycles, M, event, operands); 0: nothing tells of it.
uint64_t told_at(const std::string& text, const std::string& event) {
  const size_t at = text.find(" " + event);
  if (at == std::string::npos) return 0;
  const size_t line = text.rfind('\n', at);
  return strtoull(text.c_str() + (line == std::string::npos ? 0 : line + 1), nullptr, 10);
}

TEST(Dump, TraceHoldsTheLastEvents) {
  testing::internal::CaptureStderr();
  Config config = procs(1);
  config.tracing = true;
  ASSERT_EQ(run(config,
                [] {
                  syscall(SYS_getpid);
                  ASSERT_TRUE(go([] { dump_trace(); }));
                }),
            nullptr);
  const std::string text = testing::internal::GetCapturedStderr();
  // Whichever M it went on with: sysmon may have taken the P meanwhile.
  const uint64_t created = told_at(text, "go_create g=0 ");
  const uint64_t entered = told_at(text, "go_syscall g=0 p=0");
  const uint64_t left = told_at(text, "go_syscall_exit g=0 p=0");
  const uint64_t ended = told_at(text, "go_end g=0");
  EXPECT_GT(created, 0u) << text;
  EXPECT_LT(created, entered) << text;
  EXPECT_LT(entered, left) << text;
  EXPECT_LT(left, ended) << text;
}

}  // namespace
}  // namespace throwsplit
