// Broken if this fails: a signal handler runs on a goroutine's stack and overruns it.
// SPDX-License-Identifier: Apache-2.0
//
// A timer signals every millisecond while goroutines compute on the smallest stacks there are. The
// handler was registered without SA_ONSTACK, before the world began.
#include <gtest/gtest.h>
#include <signal.h>
#include <sys/syscall.h>
#include <sys/time.h>
#include <unistd.h>

#include <atomic>
#include <thread>

#include "runtime/arch/arch.h"
#include "runtime/base/atomic.h"
#include "runtime/gmp/gmp.h"
#include "runtime/runtime.h"

namespace throwsplit {
namespace {

// What the handler saw; of those that interrupted a goroutine, on which stack it ran.
struct Signals {
  int all = 0;
  int in_goroutines = 0;
  int on_their_stacks = 0;
} signals;

NOSPLIT void on_alarm(int number);
NO_SANITIZE void on_alarm(int) {
  atomic_add<relaxed>(&signals.all, 1);
  G* gp = getg();
  if (gp == nullptr || gp == gp->m->g0) return;
  atomic_add<relaxed>(&signals.in_goroutines, 1);
  auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (here >= gp->stack.base && here < gp->stack.hi) {
    atomic_add<relaxed>(&signals.on_their_stacks, 1);
  }
}

NOINLINE uint64_t fibonacci(int n) {
  char frame[100];
  asm volatile("" : : "r"(frame) : "memory");
  return n < 2 ? static_cast<uint64_t>(n) : fibonacci(n - 1) + fibonacci(n - 2);
}

void compute(std::atomic<int>* right) {
  uint64_t sum = 0;
  for (int i = 0; i < 20; i++) {
    sum += fibonacci(14);
    syscall(SYS_getppid);
  }
  if (sum == 20 * 377) ++*right;
}

// What the calling thread had is as it was, be it nothing, too small, or large enough.
TEST(Signals, TheCallersAlternateStackIsHisAgain) {
  static char memory[1 << 20];
  for (size_t bytes : {size_t{0}, size_t{8192}, sizeof memory}) {
    std::thread([bytes] {
      stack_t theirs = {};  // a sanitizer's, which unmaps at the end what it finds
      stack_t mine = {};
      mine.ss_sp = memory;
      mine.ss_size = bytes;
      mine.ss_flags = bytes == 0 ? SS_DISABLE : 0;
      ASSERT_EQ(sigaltstack(&mine, &theirs), 0);
      bool ran = false;
      EXPECT_EQ(run({.procs = 1}, [&] { ran = true; }), nullptr);
      EXPECT_TRUE(ran);
      stack_t now = {};
      ASSERT_EQ(sigaltstack(nullptr, &now), 0);
      EXPECT_EQ((now.ss_flags & SS_DISABLE) != 0, bytes == 0);
      if (bytes != 0) {
        EXPECT_EQ(now.ss_sp, memory);
        EXPECT_EQ(now.ss_size, bytes);
      }
      EXPECT_EQ(sigaltstack(&theirs, nullptr), 0);
    }).join();
  }
}

TEST(Signals, RunOnTheAlternateStack) {
  struct sigaction action = {};
  struct sigaction old_action;
  action.sa_handler = on_alarm;
  action.sa_flags = SA_RESTART;
  ASSERT_EQ(sigaction(SIGALRM, &action, &old_action), 0);
  itimerval every_ms = {{0, 1000}, {0, 1000}};
  ASSERT_EQ(setitimer(ITIMER_REAL, &every_ms, nullptr), 0);
  std::atomic<int> right{0};
  std::atomic<int> started{0};
  Config config;
  config.procs = 2;
  config.stack_bytes = 1;  // the least
  const char* refused = run(config, [&] {
    // In batches, until a good number of signals has interrupted goroutines.
    do {
      for (int i = 0; i < 100; i++) {
        ++started;
        ASSERT_TRUE(go([&right] { compute(&right); }));
      }
      while (right != started)
        yield();
    } while (atomic_load<relaxed>(&signals.in_goroutines) < 50);
  });
  itimerval never = {};
  setitimer(ITIMER_REAL, &never, nullptr);
  struct sigaction now;
  ASSERT_EQ(sigaction(SIGALRM, &old_action, &now), 0);
  ASSERT_EQ(refused, nullptr);
  EXPECT_NE(now.sa_flags & SA_ONSTACK, 0);
  EXPECT_EQ(right, started);
  EXPECT_GE(signals.in_goroutines, 50);
#if defined(THROWSPLIT_TSAN)
  // ThreadSanitizer keeps signals back and calls handlers itself, on whatever stack it is.
#else
  EXPECT_EQ(signals.on_their_stacks, 0);
#endif
}

// Threads begin with every signal blocked, until they have an alternate stack.
TEST(Signals, AreNotBlockedOnLaterThreads) {
  sigset_t blocked;
  M* first = nullptr;
  M* later = nullptr;
  Config config;
  config.procs = 1;
  ASSERT_EQ(run(config,
                [&] {
                  first = getg()->m;
                  Goroutine waiter = self();
                  // Its P goes to a second thread while the first is in the kernel.
                  ASSERT_TRUE(go([&, waiter] {
                    later = getg()->m;
                    EXPECT_EQ(pthread_sigmask(SIG_SETMASK, nullptr, &blocked), 0);
                    ready(waiter);
                  }));
                  syscall_block(SYS_getpid);
                  park();
                }),
            nullptr);
  ASSERT_NE(later, nullptr);
  ASSERT_NE(later, first) << "the goroutine ran on the thread that was in the kernel";
  EXPECT_EQ(sigismember(&blocked, SIGALRM), 0);
  EXPECT_EQ(sigismember(&blocked, SIGINT), 0);
}

}  // namespace
}  // namespace throwsplit
