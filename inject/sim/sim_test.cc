// If this fails, a simulated run ends wrongly, is not the same twice, or leaves something behind.
// SPDX-License-Identifier: Apache-2.0
#include "inject/sim/sim.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <set>
#include <stdexcept>
#include <string>
#include <vector>

#include "inject/sim/test_program.h"

namespace throwsplit::inject {
namespace {

// ---- How runs end -------------------------------------------------------------------------------

TEST(SimEnd, FinishedWhenMainAndAllThreadsAreGone) {
  bool late = false;
  auto child = [&] {
    os_usleep(1'000'000);
    late = true;
  };
  SimOutcome outcome = simulate_body([&] { start(child); });
  EXPECT_EQ(outcome.end, End::finished);
  EXPECT_TRUE(late);
  EXPECT_EQ(outcome.carriers, 2u);
  EXPECT_GE(outcome.now_ns, SimConfig{}.now_ns_start + 1'000'000);
}

TEST(SimEnd, QuiescentSaysWhoWaitsForWhat) {
  uint32_t word = 0;
  auto child = [&] { os_futexsleep(&word, 0, kForever); };
  SimOutcome outcome = simulate_body([&] { os_thread_join(start(child)); });
  EXPECT_EQ(outcome.end, End::quiescent);
  ASSERT_EQ(outcome.waits.size(), 2u);
  EXPECT_EQ(outcome.waits[0].kind, WaitKind::join);
  EXPECT_EQ(outcome.waits[0].object, 1u);
  EXPECT_EQ(outcome.waits[1].kind, WaitKind::futex);
  EXPECT_TRUE(outcome.waits[1].live);
}

TEST(SimEnd, StepsAndTimeRunOut) {
  SimConfig config;
  config.step_max = 1000;
  auto forever = [] {
    for (;;)
      step_here();
  };
  SimOutcome outcome = simulate_body(forever, config);
  EXPECT_EQ(outcome.end, End::steps_exhausted);
  EXPECT_EQ(outcome.steps, 1000u);
  config.step_max = UINT64_MAX;
  config.now_ns_max = config.now_ns_start + 1'000'000;
  auto sleeper = [] {
    for (;;)
      os_usleep(10'000);
  };
  EXPECT_EQ(simulate_body(sleeper, config).end, End::time_exhausted);
}

TEST(SimEnd, AnAbortEndsTheRunWithItsText) {
  SimOutcome outcome = simulate_body([] {
    os_print("last ", 5);
    os_print("words", 5);
    os_abort();
  });
  EXPECT_EQ(outcome.end, End::crashed);
  EXPECT_EQ(outcome.crash_text, "last words");
}

TEST(SimEndDeathTest, AnAbortInPlaceEndsTheProcess) {
  SimConfig config;
  config.abort_in_place = true;
  EXPECT_DEATH(simulate_body(
                   [] {
                     os_print("in place\n", 9);
                     os_abort();
                   },
                   config),
               "in place");
}

class Stopper : public Watcher {
 public:
  bool on_step(const Step& step) override {
    steps++;
    return step.step == stop_at;
  }
  bool on_event(const Step& step, Event event, uint32_t a, uint64_t b) override {
    events += static_cast<uint32_t>(event) == 32 && a == 3 && b == 4 && step.carrier == 0;
    return false;
  }
  bool on_move(const Step&, uint32_t row) override {
    moves += row == 5;
    return stop_at_move;
  }
  bool on_idle(const Idle& idle) override {
    idles++;
    due_ns = idle.due_ns;
    return false;
  }
  uint64_t stop_at = UINT64_MAX;
  bool stop_at_move = false;
  uint64_t steps = 0, events = 0, moves = 0, idles = 0;
  int64_t due_ns = 0;
};

TEST(SimEnd, AWatcherMayStopARun) {
  Stopper watcher;
  watcher.stop_at = 10;
  SimConfig config;
  config.watcher = &watcher;
  auto forever = [] {
    for (;;)
      step_here();
  };
  SimOutcome outcome = simulate_body(forever, config);
  EXPECT_EQ(outcome.end, End::finding);
  EXPECT_EQ(outcome.steps, 11u);
  watcher.stop_at = UINT64_MAX;
  watcher.stop_at_move = true;
  auto move = [] { hook_call(kMoveSites + 5, 1, 0); };
  EXPECT_EQ(simulate_body(move, config).end, End::finding);
}

TEST(SimWatcher, SeesEventsWithoutSteps) {
  Stopper watcher;
  SimConfig config;
  config.watcher = &watcher;
  SimOutcome outcome = simulate_body(
      [] {
        hook_call(kEventSites + 32, 3, 4);
        hook_call(kMoveSites + 5, 1, 0);
      },
      config);
  EXPECT_EQ(outcome.end, End::finished);
  EXPECT_EQ(watcher.events, 1u);
  EXPECT_EQ(watcher.moves, 1u);
  EXPECT_EQ(outcome.steps, 1u);  // the end of the thread
}

TEST(SimWatcher, IsToldBeforeTimeTurnsAndBeforeTheEnd) {
  Stopper watcher;
  SimConfig config;
  config.watcher = &watcher;
  uint32_t word = 0;
  simulate_body(
      [&] {
        os_usleep(5'000);
        os_futexsleep(&word, 0, kForever);
      },
      config);
  EXPECT_EQ(watcher.idles, 2u);
  EXPECT_EQ(watcher.due_ns, -1);
}

// ---- Determinism --------------------------------------------------------------------------------

struct Mix {
  Shared<uint32_t, Field::user_word> word{0};
  uint32_t futex = 0;
  uint32_t order = 0;

  void work(uint32_t number) {
    for (int i = 0; i < 5; i++) {
      word.add<seq_cst>(1);
      order = order * 7 + number;
      if (i == 2) os_usleep(300);
      if (i == 3) os_osyield();
      if (i == 4 && os_nanotime() % 3 == 0) os_futexsleep(&futex, 0, 1000);
    }
    os_futexwakeup(&futex, 1);
  }
};

SimOutcome run_mix(Choice* choice, uint32_t* order = nullptr) {
  Mix mix;
  auto a = [&] { mix.work(1); };
  auto b = [&] { mix.work(2); };
  SimConfig config;
  config.choice = choice;
  SimOutcome outcome = simulate_body(
      [&] {
        OsThread threads[] = {start(a), start(b)};
        mix.work(3);
        for (OsThread thread : threads)
          os_thread_join(thread);
      },
      config);
  if (order != nullptr) *order = mix.order;
  return outcome;
}

TEST(SimDeterminism, TheSameScheduleIsTheSameRunWhateverRanBefore) {
  std::vector<uint64_t> first, again;
  std::vector<uint32_t> first_order, again_order;
  uint32_t order;
  for (uint64_t seed = 0; seed < 300; seed++) {
    Walk walk(seed);
    first.push_back(run_mix(&walk, &order).trace_hash);
    first_order.push_back(order);
  }
  for (uint64_t seed = 300; seed-- > 0;) {
    Walk walk(seed);
    if (seed % 7 == 0) simulate_body([] { os_abort(); });
    void* ballast = os_alloc(4096 * (seed % 5 + 1));
    again.insert(again.begin(), run_mix(&walk, &order).trace_hash);
    again_order.insert(again_order.begin(), order);
    os_free(ballast, 4096 * (seed % 5 + 1));
  }
  EXPECT_EQ(first, again);
  EXPECT_EQ(first_order, again_order);
  EXPECT_GT(std::set<uint64_t>(first.begin(), first.end()).size(), 250u);
}

// A fixed figure: the same for every compiler, level and sanitizer. Changes with the simulator.
TEST(SimDeterminism, TheHashIsTheSameInEveryBuild) {
  Walk walk(42);
  EXPECT_EQ(run_mix(&walk).trace_hash, UINT64_C(4029203224016430888));
}

// ---- What is left behind ------------------------------------------------------------------------

struct Deep {
  uint32_t word = 0;
  void dive(int depth) {
    volatile char frame[200] = {};
    asm volatile("" : : "r"(frame) : "memory");
    if (depth == 0) os_futexsleep(&word, 0, kForever);
    if (depth != 0) dive(depth - 1);
    asm volatile("" : : "r"(frame) : "memory");
  }
};

// Frames that are abandoned must not show up as poison, as races or as leaks in later runs.
TEST(SimReuse, AbandonedCarriersAreWoundBack) {
  for (int run = 0; run < 300; run++) {
    Deep deep;
    auto blocked = [&] { deep.dive(run % 40); };
    auto shallow = [&] { deep.dive(0); };
    SimOutcome outcome = simulate_body([&] {
      start(blocked);
      start(shallow);
      step_here();
      if (run % 3 == 0) os_abort();
    });
    EXPECT_EQ(outcome.end, run % 3 == 0 ? End::crashed : End::quiescent);
  }
}

TEST(SimReuse, ManyThreadsInOneRunReuseSlots) {
  int ran = 0;
  auto child = [&] { ran++; };
  SimOutcome outcome = simulate_body([&] {
    for (int i = 0; i < 500; i++) {
      OsThread thread = start(child);
      os_thread_join(thread);
      os_thread_join(thread);  // of one long gone: returns
    }
  });
  EXPECT_EQ(outcome.end, End::finished);
  EXPECT_EQ(ran, 500);
  EXPECT_EQ(outcome.carriers, kCarriersMax);
}

TEST(SimReuse, TheSixtyFifthLiveThreadIsRefused) {
  uint32_t word = 0;
  auto child = [&] { os_futexsleep(&word, 0, kForever); };
  int made = 0;
  simulate_body([&] {
    while (start(child).handle != 0)
      made++;
  });
  EXPECT_EQ(made, 63);
}

TEST(SimReuse, TrimGivesEverythingBackAndRunsGoOn) {
  sim_trim();
  EXPECT_EQ(run_mix(nullptr).end, End::finished);
  sim_trim();
}

// ---- What carriers share with the real thread ---------------------------------------------------

TEST(SimThread, ExceptionsInFlightAreEachCarriersOwn) {
  int caught = 0;
  auto thrower = [&](int number) {
    for (int i = 0; i < 10; i++) {
      try {
        throw number;
      } catch (int value) {
        step_here();  // others throw and catch while we handle ours
        try {
          step_here();
          throw std::runtime_error(std::to_string(number));
        } catch (const std::exception& error) {
          step_here();
          caught += error.what() == std::to_string(value);
        }
      }
    }
  };
  auto a = [&] { thrower(1); };
  auto b = [&] { thrower(2); };
  for (uint64_t seed = 0; seed < 50; seed++) {
    caught = 0;
    Walk walk(seed);
    SimConfig config;
    config.choice = &walk;
    simulate_body(
        [&] {
          OsThread threads[] = {start(a), start(b)};
          for (OsThread thread : threads)
            os_thread_join(thread);
        },
        config);
    ASSERT_EQ(caught, 20) << seed;
  }
}

TEST(SimThread, ErrnoIsEachCarriersOwn) {
  bool kept = true;
  auto body = [&](int number) {
    for (int i = 0; i < 20; i++) {
      errno = number;
      step_here();
      kept = kept && errno == number;
    }
  };
  auto a = [&] { body(1); };
  auto b = [&] { body(2); };
  Walk walk(1);
  SimConfig config;
  config.choice = &walk;
  errno = 77;
  simulate_body(
      [&] {
        start(a);
        start(b);
      },
      config);
  EXPECT_TRUE(kept);
  EXPECT_EQ(errno, 77);
}

TEST(SimThread, OutsideARunEverythingIsPlain) {
  EXPECT_FALSE(in_simulation());
  EXPECT_EQ(current_carrier(), kNobody);
  EXPECT_EQ(run_step(), 0u);
  step_here();
  EXPECT_GT(os_syscall6(39, 0, 0, 0, 0, 0, 0), 0);  // the real getpid
  simulate_body([] {
    EXPECT_TRUE(in_simulation());
    EXPECT_EQ(current_carrier(), 0u);
    uintptr_t lo, hi;
    os_stack_bounds(&lo, &hi);
    auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
    EXPECT_TRUE(lo < here && here < hi);
  });
}

// ---- Fairness -----------------------------------------------------------------------------------

// A choice that never lets anybody but the first run.
class Unfair : public Choice {
 public:
  uint32_t choose(const Menu& menu) override { return mask_first(menu.enabled | menu.timed); }
};

TEST(SimFair, TheTailGivesEverybodyTurns) {
  Shared<uint32_t, Field::user_word> flag{0};
  auto child = [&] { flag.store<seq_cst>(1); };
  auto spin = [&] {
    start(child);
    while (flag.load<seq_cst>() == 0)
      os_procyield(1);
  };
  Unfair unfair;
  SimConfig config;
  config.choice = &unfair;
  config.step_max = 10'000;
  EXPECT_EQ(simulate_body(spin, config).end, End::steps_exhausted);
  flag.init(0);
  config.step_fair = 5'000;
  EXPECT_EQ(simulate_body(spin, config).end, End::finished);
}

TEST(SimFair, AYieldLetsAllOthersGoFirst) {
  Shared<uint32_t, Field::user_word> flag{0};
  auto child = [&] { flag.store<seq_cst>(1); };
  SimOutcome outcome = simulate_body([&] {
    start(child);
    while (flag.load<seq_cst>() == 0)
      os_osyield();
  });
  EXPECT_EQ(outcome.end, End::finished);
  EXPECT_LT(outcome.steps, 10u);
}

TEST(SimFair, WhenAllHaveYieldedTheClockTurns) {
  Shared<uint32_t, Field::user_word> flag{0};
  auto child = [&] {
    os_usleep(1'000'000'000);
    flag.store<seq_cst>(1);
  };
  SimOutcome outcome = simulate_body([&] {
    start(child);
    while (flag.load<seq_cst>() == 0)
      os_osyield();
  });
  EXPECT_EQ(outcome.end, End::finished);
  EXPECT_LT(outcome.steps, 20u);
}

}  // namespace
}  // namespace throwsplit::inject
