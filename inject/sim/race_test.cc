// If this fails, ThreadSanitizer misses races between carriers, or sees some in the simulator.
// SPDX-License-Identifier: Apache-2.0
//
// inject/ is built without ThreadSanitizer, so the accesses it is to see are told to it by hand.
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cstdint>

#include "inject/sim/test_program.h"

#if THROWSPLIT_TSAN
extern "C" {
void __tsan_read4(void* address);
void __tsan_write4(void* address);
}
#include <sanitizer/tsan_interface.h>
#endif

namespace throwsplit::inject {
namespace {

#if THROWSPLIT_TSAN

uint32_t shared_word;

void plain_write() { __tsan_write4(&shared_word); }
void plain_read() { __tsan_read4(&shared_word); }

void two_writers_in_this_order(bool with_step) {
  auto child = [] { plain_write(); };
  simulate_body([&] {
    OsThread thread = start(child);
    plain_write();
    if (with_step) step_here();
    os_thread_join(thread);
  });
}

class RaceDeathTest : public testing::Test {
 protected:
  RaceDeathTest() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

// The exit code of a report, whatever the environment says.
[[noreturn]] void leave_after_the_report() { _exit(1); }

TEST_F(RaceDeathTest, PlainAccessesOfTwoCarriersRace) {
  EXPECT_DEATH(
      {
        two_writers_in_this_order(true);
        leave_after_the_report();
      },
      "data race");
}

// A futex orders nothing: the words around it must.
TEST_F(RaceDeathTest, AFutexWakeIsNoOrder) {
  EXPECT_DEATH(
      {
        uint32_t word = 0;
        auto child = [&] {
          os_futexsleep(&word, 0, kForever);
          plain_read();
        };
        simulate_body([&] {
          OsThread thread = start(child);
          os_usleep(1000);
          plain_write();
          os_futexwakeup(&word, 1);
          os_thread_join(thread);
        });
        leave_after_the_report();
      },
      "data race");
}

// The other carrier reads what came before the write, from the pipe it was written to or another.
void write_and_read(bool same_pipe) {
  int ends[4];
  char byte = 0;
  auto reader = [&] {
    os_syscall6(SYS_read, ends[same_pipe ? 0 : 2], reinterpret_cast<long>(&byte), 1, 0, 0, 0);
    plain_read();
  };
  simulate_body([&] {
    for (int pipe = 0; pipe < 2; pipe++)
      os_syscall6(SYS_pipe2, reinterpret_cast<long>(&ends[2 * pipe]), 0, 0, 0, 0, 0);
    os_syscall6(SYS_write, ends[3], reinterpret_cast<long>("x"), 1, 0, 0, 0);
    OsThread thread = start(reader);
    plain_write();
    os_syscall6(SYS_write, ends[1], reinterpret_cast<long>("x"), 1, 0, 0, 0);
    os_thread_join(thread);
  });
}

TEST(Race, AWriteToAPipeComesBeforeTheReadThatMeetsIt) { write_and_read(true); }

TEST_F(RaceDeathTest, AWriteToAnotherPipeOrdersNothing) {
  EXPECT_DEATH(
      {
        write_and_read(false);
        leave_after_the_report();
      },
      "data race");
}

TEST(Race, CreateAndJoinOrder) {
  auto child = [] { plain_write(); };
  for (int run = 0; run < 20; run++) {
    simulate_body([&] {
      plain_write();
      os_thread_join(start(child));
      plain_write();
    });
  }
}

TEST(Race, RunsAreOrdered) {
  uint32_t word = 0;
  auto child = [&] {
    plain_write();
    os_futexsleep(&word, 0, kForever);  // abandoned
  };
  for (int run = 0; run < 20; run++) {
    plain_write();
    EXPECT_EQ(simulate_body([&] { start(child); }).end, End::quiescent);
  }
}

TEST(Race, MemoryUsedAgainIsOrdered) {
  auto user = [] {
    for (int i = 0; i < 10; i++) {
      void* memory = os_alloc(4096);
      __tsan_write4(memory);
      os_free(memory, 4096);
      SanContext san;
      void* stack = os_stack_alloc(65'536, &san);
      __tsan_write4(stack);
      os_stack_free(stack, 65'536, &san);
      step_here();
    }
  };
  for (uint64_t seed = 0; seed < 20; seed++) {
    Walk walk(seed);
    SimConfig config;
    config.choice = &walk;
    simulate_body(
        [&] {
          start(user);
          user();
        },
        config);
  }
}

#else

TEST(Race, NeedsThreadSanitizer) { GTEST_SKIP() << "needs ThreadSanitizer"; }

#endif

}  // namespace
}  // namespace throwsplit::inject
