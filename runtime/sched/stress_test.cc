// Broken if this fails: goroutines that block in the kernel, sleep or yield get lost.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <atomic>

#include "runtime/runtime.h"

namespace throwsplit {
namespace {

TEST(World, RunsOneGoroutine) {
  int ran = 0;
  Config config;
  config.procs = 1;
  ASSERT_EQ(run(config, [&] { ran++; }), nullptr);
  EXPECT_EQ(ran, 1);
}

TEST(World, RunsManyGoroutines) {
  std::atomic<int> ran{0};
  Config config;
  config.procs = 2;
  ASSERT_EQ(run(config,
                [&] {
                  for (int i = 0; i < 1000; i++) {
                    ASSERT_TRUE(go([&] {
                      yield();
                      ran++;
                    }));
                  }
                }),
            nullptr);
  EXPECT_EQ(ran, 1000);
}

TEST(World, SleepAndSyscall) {
  std::atomic<int> ran{0};
  Config config;
  config.procs = 2;
  ASSERT_EQ(run(config,
                [&] {
                  for (int i = 0; i < 100; i++) {
                    ASSERT_TRUE(go([&] {
                      sleep(1000000);
                      for (int k = 0; k < 100; k++)
                        EXPECT_EQ(syscall(SYS_getpid), getpid());
                      timespec ts = {0, 1000000};
                      EXPECT_EQ(syscall(SYS_nanosleep, reinterpret_cast<long>(&ts), 0), 0);
                      EXPECT_EQ(syscall_block(SYS_nanosleep, reinterpret_cast<long>(&ts), 0), 0);
                      ran++;
                    }));
                  }
                }),
            nullptr);
  EXPECT_EQ(ran, 100);
}

}  // namespace
}  // namespace throwsplit
