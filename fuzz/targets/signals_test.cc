// Broken if this fails: an engine's alarm runs on a goroutine's stack and overruns its reserve.
// SPDX-License-Identifier: Apache-2.0
//
// A timer signals several times a millisecond while programs run in the simulator, as libFuzzer's
// does. Its handler was registered without SA_ONSTACK, as libFuzzer's is.
#include "fuzz/targets/signals.h"

#include <gtest/gtest.h>
#include <pthread.h>
#include <signal.h>
#include <sys/time.h>
#include <ucontext.h>

#include <cstddef>
#include <cstdint>
#include <variant>

#include "fuzz/input/text.h"
#include "fuzz/report/names.h"
#include "fuzz/run/run.h"

namespace throwsplit::fuzz {
namespace {

struct Range {
  uintptr_t lo = 0;
  uintptr_t hi = 0;
  bool has(uintptr_t at) const { return at >= lo && at < hi; }
};

// What the handler saw: how often it struck a simulated stack, and ran upon one.
struct Seen {
  Range thread;  // the stack of the real thread
  Range aside;   // the alternate one
  volatile int struck = 0;
  volatile int on_it = 0;
} seen;

void on_alarm(int, siginfo_t*, void* context) {
  const auto* at = static_cast<const ucontext_t*>(context);
  if (seen.thread.has(static_cast<uintptr_t>(at->uc_mcontext.gregs[REG_RSP]))) return;
  seen.struck = seen.struck + 1;
  const auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  if (!seen.aside.has(here)) seen.on_it = seen.on_it + 1;
}

Range stack_of_thread() {
  pthread_attr_t attributes;
  void* base = nullptr;
  std::size_t bytes = 0;
  EXPECT_EQ(pthread_getattr_np(pthread_self(), &attributes), 0);
  EXPECT_EQ(pthread_attr_getstack(&attributes, &base, &bytes), 0);
  pthread_attr_destroy(&attributes);
  const auto lo = reinterpret_cast<uintptr_t>(base);
  return {lo, lo + bytes};
}

Range alternate_stack() {
  stack_t now;
  EXPECT_EQ(sigaltstack(nullptr, &now), 0);
  if ((now.ss_flags & SS_DISABLE) != 0) return {};
  const auto lo = reinterpret_cast<uintptr_t>(now.ss_sp);
  return {lo, lo + now.ss_size};
}

void alarm_every_us(long us) {
  const itimerval timer = {{0, us}, {0, us}};
  ASSERT_EQ(setitimer(ITIMER_REAL, &timer, nullptr), 0);
}

// Runs the program until so many alarms have struck a simulated stack. Each run must be as it is
// without alarms.
void run_until_struck(const Input& input, uint64_t hash, int wanted) {
  seen.struck = 0;
  seen.on_it = 0;
  seen.aside = alternate_stack();
  alarm_every_us(300);
  while (seen.struck < wanted) {
    const Outcome outcome = run(input);
    EXPECT_EQ(outcome.verdict, Verdict::pass);
    EXPECT_EQ(outcome.trace_hash, hash);
    if (testing::Test::HasFailure()) break;
  }
  alarm_every_us(0);
}

TEST(Signals, OfTheEngineRunAside) {
#if THROWSPLIT_TSAN
  GTEST_SKIP() << "ThreadSanitizer keeps signals back and calls handlers on whatever stack it is";
#endif
  const auto parsed = parse(
      "body main\n  spawn other\n  hog 900\n  getpid block\nbody other\n  spin 900\n"
      "  getpid fast\nschedule random seed 4\n",
      site_names());
  ASSERT_TRUE(std::holds_alternative<Program>(parsed));
  const Input& input = std::get_if<Program>(&parsed)->input;
  const uint64_t hash = run(input).trace_hash;

  seen.thread = stack_of_thread();
  struct sigaction action = {};
  action.sa_sigaction = on_alarm;
  action.sa_flags = SA_SIGINFO | SA_RESTART;
  ASSERT_EQ(sigaction(SIGALRM, &action, nullptr), 0);

  // The control: left alone, handlers run wherever they strike.
  run_until_struck(input, hash, 20);
  EXPECT_GE(seen.on_it, 20);

  take_signals_aside();
  run_until_struck(input, hash, 50);
  EXPECT_EQ(seen.on_it, 0);
  struct sigaction now;
  ASSERT_EQ(sigaction(SIGALRM, nullptr, &now), 0);
  EXPECT_NE(now.sa_flags & SA_ONSTACK, 0);
}

}  // namespace
}  // namespace throwsplit::fuzz
