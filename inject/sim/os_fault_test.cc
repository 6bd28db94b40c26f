// If this fails, a planned fault of the simulated kernel does not happen, or breaks a promise.
// SPDX-License-Identifier: Apache-2.0
#include <gtest/gtest.h>

#include <cstdint>
#include <cstring>

#include "inject/sim/test_program.h"

namespace throwsplit::inject {
namespace {

SimConfig with(const Plan& plan) {
  SimConfig config;
  config.plan = &plan;
  return config;
}

FailTerm nth(FailTerm term, uint32_t n) {
  term.trigger = Trigger::kNth;
  term.trigger_n = n;
  return term;
}

TEST(Fault, MemoryThreadsAndFencesAreRefused) {
  Plan plan{{nth(fault_term(Fault::kMmapRefused, Action::kFail), 2),
             nth(fault_term(Fault::kThreadCreateRefused, Action::kFail), 1),
             nth(fault_term(Fault::kMprotectRefused, Action::kFail), 1)}};
  simulate_body(
      [] {
        void* first = os_alloc(4096);
        EXPECT_NE(first, nullptr);
        SanContext san;
        EXPECT_EQ(os_stack_alloc(65'536, &san), nullptr);
        void* stack = os_stack_alloc(65'536, &san);
        ASSERT_NE(stack, nullptr);
        EXPECT_FALSE(os_fence(stack, 4096));
        memset(stack, 1, 65'536);  // refused means that it does not fault
        EXPECT_TRUE(os_fence(stack, 4096));
        auto child = [] {};
        EXPECT_EQ(start(child).handle, 0u);
        OsThread thread = start(child);
        EXPECT_NE(thread.handle, 0u);
        os_thread_join(thread);
        os_stack_free(stack, 65'536, &san);
        os_free(first, 4096);
      },
      with(plan));
}

TEST(Fault, FutexesWakeSpuriouslyAndLate) {
  Plan spurious{{nth(fault_term(Fault::kFutexSpuriousWake, Action::kSpurious), 1)}};
  uint32_t word = 0;
  EXPECT_EQ(simulate_body([&] { os_futexsleep(&word, 0, kForever); }, with(spurious)).end,
            End::finished);
  Plan late{{fault_term(Fault::kFutexLateWake, Action::kLate, 3'000'000)}};
  int64_t woken_ns = 0, slept_ns = 0;
  auto sleeper = [&] {
    os_futexsleep(&word, 0, kForever);
    slept_ns = os_nanotime();
  };
  simulate_body(
      [&] {
        OsThread thread = start(sleeper);
        os_usleep(1000);
        woken_ns = os_nanotime();
        os_futexwakeup(&word, 1);
        os_thread_join(thread);
      },
      with(late));
  EXPECT_GE(slept_ns - woken_ns, 3'000'000);
}

TEST(Fault, TimersAreLateAndThreadsStartLate) {
  Plan plan{{fault_term(Fault::kTimerLate, Action::kLate, 2'000'000),
             fault_term(Fault::kThreadStartLate, Action::kLate, 5'000'000)}};
  simulate_body(
      [] {
        int64_t before = os_nanotime();
        os_usleep(1'000'000);
        EXPECT_GE(os_nanotime() - before, 3'000'000);
        before = os_nanotime();
        int64_t began = 0;
        auto child = [&] { began = os_nanotime(); };
        os_thread_join(start(child));
        EXPECT_GE(began - before, 5'000'000);
      },
      with(plan));
}

TEST(Fault, AnEarlyTimerGoesBeforeThoseWhoCouldRun) {
  Plan plan{{fault_term(Fault::kTimerEarly, Action::kFail)}};
  bool slept = false;
  auto child = [&] {
    int64_t before = os_nanotime();
    os_usleep(1'000'000'000);
    slept = true;
    EXPECT_GE(os_nanotime() - before, 1'000'000'000);  // early means that the clock turned
  };
  auto spin = [&] {
    OsThread thread = start(child);
    for (int i = 0; i < 50 && !slept; i++)
      os_osyield();
    EXPECT_TRUE(slept);
    os_thread_join(thread);
  };
  simulate_body(spin, with(plan));
}

TEST(Fault, TheClockJumps) {
  Plan plan{{nth(fault_term(Fault::kClockJump, Action::kLate, 60'000'000'000), 2)}};
  simulate_body(
      [] {
        int64_t before = os_nanotime();
        EXPECT_GE(os_nanotime() - before, 60'000'000'000);
        before = os_nanotime();
        EXPECT_LT(os_nanotime() - before, 1'000);
      },
      with(plan));
}

TEST(Fault, PointsSleepYieldAndAnswer) {
  Plan plan{{point_term(Point::stack_alloc, Action::kFail),
             nth(point_term(Point::exitsyscall_start, Action::kPreempt), 2),
             point_term(Point::retake_before_cas, Action::kSleep, 4'000'000),
             point_term(Point::handoffp_start, Action::kYield)}};
  simulate_body(
      [] {
        EXPECT_EQ(hook_site(site_of(Point::stack_alloc), 0), kActFail);
        EXPECT_EQ(hook_site(site_of(Point::exitsyscall_start), 0), kActNothing);
        EXPECT_EQ(hook_site(site_of(Point::exitsyscall_start), 0), kActPreempt);
        int64_t before = os_nanotime();
        EXPECT_EQ(hook_site(site_of(Point::retake_before_cas), 0), kActNothing);
        EXPECT_GE(os_nanotime() - before, 4'000'000);
        bool ran = false;
        auto child = [&] { ran = true; };
        OsThread thread = start(child);
        hook_site(site_of(Point::handoffp_start), 0);
        EXPECT_TRUE(ran);
        os_thread_join(thread);
      },
      with(plan));
}

TEST(Fault, TheFairTailIsCalm) {
  Plan plan{{fault_term(Fault::kMmapRefused, Action::kFail)}};
  SimConfig config = with(plan);
  config.step_fair = 10;
  simulate_body(
      [] {
        EXPECT_EQ(os_alloc(4096), nullptr);
        for (int i = 0; i < 10; i++)
          step_here();
        void* memory = os_alloc(4096);
        EXPECT_NE(memory, nullptr);
        os_free(memory, 4096);
      },
      config);
}

}  // namespace
}  // namespace throwsplit::inject
