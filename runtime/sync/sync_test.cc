// Broken if this fails: two owners hold a runtime lock, or a wake-up of a note is lost.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include "runtime/sync/sync.h"

#include <gtest/gtest.h>

#include <atomic>

#include "runtime/runtime.h"

namespace throwsplit {
namespace {

Config procs(uint32_t count) {
  Config config;
  config.procs = count;
  return config;
}

struct Counter {
  Mutex mutex;
  int value = 0;
};

void add_ten(void* arg) {
  auto* counter = static_cast<Counter*>(arg);
  for (int i = 0; i < 10; i++) {
    Locked locked(&counter->mutex);
    counter->value++;
  }
}

// The holders are threads: a goroutine that holds a lock keeps its M.
TEST(Mutex, HasOneHolder) {
  Counter counter;
  ASSERT_EQ(run(procs(4),
                [&] {
                  for (int i = 0; i < 40; i++) {
                    ASSERT_TRUE(go([&] {
                      for (int k = 0; k < 50; k++) {
                        add_ten(&counter);
                        on_systemstack(add_ten, &counter);
                        yield();
                      }
                    }));
                  }
                }),
            nullptr);
  EXPECT_EQ(counter.value, 40 * 50 * 20);
  EXPECT_EQ(counter.mutex.key.peek(), 0u);
}

// Contenders sleep in the kernel while the holder blocks there.
TEST(Mutex, WakesSleepers) {
  Counter counter;
  ASSERT_EQ(run(procs(4),
                [&] {
                  for (int i = 0; i < 12; i++) {
                    ASSERT_TRUE(go([&] {
                      on_systemstack(
                          [](void* arg) {
                            auto* shared = static_cast<Counter*>(arg);
                            Locked locked(&shared->mutex);
                            int before = shared->value;
                            os_usleep(300000);
                            shared->value = before + 1;
                          },
                          &counter);
                    }));
                  }
                }),
            nullptr);
  EXPECT_EQ(counter.value, 12);
}

TEST(Mutex, MayBeTakenInTheOrderOfRanks) {
  ASSERT_EQ(run(procs(1),
                [] {
                  Mutex low, middle, high;
                  low.rank = LockRank::timers;
                  middle.rank = LockRank::sched;
                  high.rank = LockRank::stack;
                  M* mp = getg()->m;
                  lock(&low);
                  lock(&middle);
                  lock(&high);
                  EXPECT_EQ(mp->locks, 3);
                  unlock(&middle);  // in any order
                  unlock(&low);
                  unlock(&high);
                  EXPECT_EQ(mp->locks, 0);
                  EXPECT_EQ(mp->held_ranks, 0u);
                }),
            nullptr);
}

TEST(Note, WakesASleeper) {
  constexpr int kRounds = 500;
  struct Shared {
    Note go, back;
    int value = 0;
  } shared;
  ASSERT_EQ(run(procs(2),
                [&] {
                  ASSERT_TRUE(go([&] {
                    on_systemstack(
                        [](void* arg) {
                          auto* my = static_cast<Shared*>(arg);
                          for (int i = 0; i < kRounds; i++) {
                            notesleep(&my->go);
                            noteclear(&my->go);
                            my->value++;
                            notewakeup(&my->back);
                          }
                        },
                        &shared);
                  }));
                  on_systemstack(
                      [](void* arg) {
                        auto* my = static_cast<Shared*>(arg);
                        for (int i = 0; i < kRounds; i++) {
                          notewakeup(&my->go);
                          notesleep(&my->back);
                          noteclear(&my->back);
                          EXPECT_EQ(my->value, i + 1);
                        }
                      },
                      &shared);
                }),
            nullptr);
  EXPECT_EQ(shared.value, kRounds);
}

TEST(Note, TimedSleepTellsASignalFromTheTime) {
  Note note;
  EXPECT_FALSE(notetsleep(&note, 0));
  EXPECT_FALSE(notetsleep(&note, 100000));
  notewakeup(&note);
  EXPECT_TRUE(notetsleep(&note, 0));
  EXPECT_TRUE(notetsleep(&note, 100000));
  EXPECT_TRUE(notetsleep(&note, kForever));
  noteclear(&note);
  EXPECT_FALSE(notetsleep(&note, 1));
}

}  // namespace
}  // namespace throwsplit
