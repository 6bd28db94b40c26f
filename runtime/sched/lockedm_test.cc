// Broken if this fails: a tied goroutine changes threads, or what it changed there leaks to others.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include <gtest/gtest.h>
#include <sys/prctl.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <atomic>
#include <cstring>
#include <filesystem>
#include <fstream>
#include <string>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

namespace throwsplit {
namespace {

Config procs(uint32_t count) {
  Config config;
  config.procs = count;
  return config;
}

long thread_id() { return syscall(SYS_gettid); }

void nap(long ns) {
  timespec time = {0, ns};
  syscall_block(SYS_nanosleep, reinterpret_cast<long>(&time));
}

TEST(LockThread, KeepsTheThread) {
  static constexpr int kTied = 8;
  std::atomic<int> moved = 0;
  ASSERT_EQ(run(procs(2),
                [&] {
                  for (int i = 0; i < kTied; i++) {
                    ASSERT_TRUE(go([&] {
                      lock_thread();
                      const long mine = thread_id();
                      for (int k = 0; k < 50; k++) {
                        yield();
                        if (k % 10 == 3) sleep(1000);
                        if (k % 10 == 7) nap(1000);
                        if (thread_id() != mine) moved++;
                      }
                    }));
                  }
                  for (int i = 0; i < 200; i++)
                    yield();
                }),
            nullptr);
  EXPECT_EQ(moved, 0);
}

TEST(LockThread, NobodyElseRunsThere) {
  std::atomic<long> tied_thread = 0;
  std::atomic<bool> over = false;
  std::atomic<int> intruders = 0;
  ASSERT_EQ(run(procs(2),
                [&] {
                  for (int i = 0; i < 6; i++) {
                    ASSERT_TRUE(go([&] {
                      while (!over) {
                        if (thread_id() == tied_thread) intruders++;
                        yield();
                      }
                    }));
                  }
                  lock_thread();
                  tied_thread = thread_id();
                  for (int k = 0; k < 100; k++)
                    yield();
                  nap(1000);
                  tied_thread = 0;
                  over = true;
                }),
            nullptr);
  EXPECT_EQ(intruders, 0);
}

TEST(LockThread, CountsAndEndsWithTheGoroutine) {
  bool still_tied = false;
  bool tied_after_all = true;
  ASSERT_EQ(run(procs(1),
                [&] {
                  unlock_thread();  // without a tie: nothing
                  lock_thread();
                  lock_thread();
                  unlock_thread();
                  still_tied = getg()->lockedm == getg()->m && getg()->m->lockedg == getg();
                  unlock_thread();
                  tied_after_all = getg()->lockedm != nullptr || getg()->m->lockedg != nullptr;
                  for (int i = 0; i < 20; i++)
                    ASSERT_TRUE(go([] { lock_thread(); }));
                }),
            nullptr);
  EXPECT_TRUE(still_tied);
  EXPECT_FALSE(tied_after_all);
}

// How many threads of this process bear the name.
int threads_named(const std::string& name) {
  int count = 0;
  for (const auto& task : std::filesystem::directory_iterator("/proc/self/task")) {
    std::ifstream file(task.path() / "comm");
    std::string line;
    std::getline(file, line);
    if (line == name) count++;
  }
  return count;
}

// A thread inherits its maker's name, as it does affinity and namespaces: the tied M makes none.
TEST(LockThread, NoThreadInheritsFromATiedOne) {
  int named = 0;
  ASSERT_EQ(run(procs(2),
                [&] {
                  lock_thread();
                  char before[16] = {};
                  prctl(PR_GET_NAME, before);
                  prctl(PR_SET_NAME, "tied");
                  // Each round hands the P on while all other Ms are in the kernel.
                  for (int i = 0; i < 12; i++) {
                    ASSERT_TRUE(go([] { nap(3'000'000); }));
                    nap(10'000);
                    yield();
                  }
                  on_systemstack(
                      [](void* result) { *static_cast<int*>(result) = threads_named("tied"); },
                      &named);
                  prctl(PR_SET_NAME, before);
                }),
            nullptr);
  EXPECT_EQ(named, 1);
}

}  // namespace
}  // namespace throwsplit
