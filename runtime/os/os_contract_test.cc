// If this fails, the real kernel or the simulated one breaks a promise of os.h; the same for both.
// SPDX-License-Identifier: Apache-2.0
//
// flavours: plain sim
// split-stack: off
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>

#include "runtime/arch/layout.h"
#include "runtime/os/os.h"

#if THROWSPLIT_HOOKS
#include "inject/sim/sim.h"
#endif

namespace throwsplit {
namespace {

// Runs the body where os.h may be called: on a thread of the kernel under test.
template <typename Body>
void on_this_kernel(Body body) {
#if THROWSPLIT_HOOKS
  inject::SimOutcome outcome =
      inject::simulate({}, [](void* arg) { (*static_cast<Body*>(arg))(); }, &body);
  EXPECT_STREQ(inject::end_name(outcome.end), "finished");
#else
  body();
#endif
}

template <typename Body>
OsThread start(Body& body) {
  OsThread thread;
  EXPECT_TRUE(os_thread_create(
      &thread, [](void* arg) { (*static_cast<Body*>(arg))(); }, &body, 256 * 1024));
  return thread;
}

long call(long number, long a1 = 0, long a2 = 0, long a3 = 0, long a4 = 0) {
  return os_syscall6(number, a1, a2, a3, a4, 0, 0);
}
long address(const void* pointer) { return reinterpret_cast<long>(pointer); }

void raise_and_wake(uint32_t* word) {
  __atomic_add_fetch(word, 1, __ATOMIC_SEQ_CST);
  os_futexwakeup(word, UINT32_MAX);
}

// ---- Memory -------------------------------------------------------------------------------------

bool all_zero(const uint8_t* bytes, size_t count) {
  for (size_t i = 0; i < count; i++) {
    if (bytes[i] != 0) return false;
  }
  return true;
}

TEST(OsMemory, IsZeroedAlignedAndOursAlone) {
  on_this_kernel([] {
    constexpr size_t kBytes = 5 * kPageBytes;
    for (int round = 0; round < 3; round++) {
      auto* a = static_cast<uint8_t*>(os_alloc(kBytes));
      auto* b = static_cast<uint8_t*>(os_alloc(kBytes));
      ASSERT_NE(a, nullptr);
      ASSERT_NE(b, nullptr);
      EXPECT_EQ(reinterpret_cast<uintptr_t>(a) % kPageBytes, 0u);
      EXPECT_TRUE(all_zero(a, kBytes));
      memset(a, 0xaa, kBytes);
      EXPECT_TRUE(all_zero(b, kBytes));
      os_free(a, kBytes);
      os_free(b, kBytes);
    }
  });
}

TEST(OsMemory, DiscardedPagesReadAsZero) {
  on_this_kernel([] {
    auto* memory = static_cast<uint8_t*>(os_alloc(4 * kPageBytes));
    memset(memory, 1, 4 * kPageBytes);
    os_discard(memory + kPageBytes, 2 * kPageBytes);
    EXPECT_EQ(memory[0], 1);
    EXPECT_TRUE(all_zero(memory + kPageBytes, 2 * kPageBytes));
    EXPECT_EQ(memory[3 * kPageBytes], 1);
    os_free(memory, 4 * kPageBytes);
  });
}

TEST(OsMemory, StacksComeBackUsable) {
  on_this_kernel([] {
    constexpr size_t kBytes = 128 * 1024;
    for (int round = 0; round < 5; round++) {
      SanContext san;
      auto* stack = static_cast<uint8_t*>(os_stack_alloc(kBytes, &san));
      ASSERT_NE(stack, nullptr);
      EXPECT_EQ(san.bottom, stack);
      EXPECT_EQ(san.bytes, kBytes);
      EXPECT_TRUE(os_fence(stack, kPageBytes));
      memset(stack + kPageBytes, round, kBytes - kPageBytes);
      os_stack_free(stack, kBytes, &san);
    }
  });
}

TEST(OsMemoryDeathTest, AFenceFaults) {
  EXPECT_DEATH(on_this_kernel([] {
                 SanContext san;
                 auto* stack = static_cast<volatile uint8_t*>(os_stack_alloc(64 * 1024, &san));
                 if (!os_fence(const_cast<uint8_t*>(stack), kPageBytes)) _exit(0);
                 stack[kPageBytes] = 1;
                 stack[kPageBytes - 1] = 1;
                 _exit(0);
               }),
               "");
}

// ---- Threads ------------------------------------------------------------------------------------

TEST(OsThread, RunsAndIsJoined) {
  on_this_kernel([] {
    int ran = 0;
    auto body = [&] { ran++; };
    for (int i = 0; i < 10; i++) {
      OsThread thread = start(body);
      os_thread_join(thread);
      EXPECT_EQ(ran, i + 1);
    }
  });
}

TEST(OsThread, StandsWithinItsBounds) {
  on_this_kernel([] {
    auto body = [] {
      uintptr_t lo = 0, hi = 0;
      os_stack_bounds(&lo, &hi);
      auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
      EXPECT_LT(lo, here);
      EXPECT_LT(here, hi);
      EXPECT_GE(hi - lo, 128u * 1024);
    };
    body();
    os_thread_join(start(body));
  });
}

TEST(OsThread, IsReadiedAndUnreadied) {
  on_this_kernel([] {
    auto body = [] {
      OsSignalStack stack;
      EXPECT_TRUE(os_minit(&stack));
      os_unminit(stack);
    };
    os_thread_join(start(body));
    EXPECT_EQ(os_move_handlers_to_alternate_stacks(), nullptr);
    EXPECT_GE(os_ncpu(), 1u);
  });
}

// ---- Waiting and time ---------------------------------------------------------------------------

TEST(OsFutex, ReturnsAtOnceWhenTheWordDiffers) {
  on_this_kernel([] {
    uint32_t word = 1;
    os_futexsleep(&word, 0, kForever);
  });
}

TEST(OsFutex, WakesASleeper) {
  on_this_kernel([] {
    uint32_t word = 0;
    uint32_t asleep = 0;
    auto body = [&] {
      __atomic_store_n(&asleep, 1, __ATOMIC_SEQ_CST);
      while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) == 0)
        os_futexsleep(&word, 0, kForever);
    };
    OsThread thread = start(body);
    while (__atomic_load_n(&asleep, __ATOMIC_SEQ_CST) == 0)
      os_osyield();
    os_usleep(1'000'000);
    raise_and_wake(&word);
    os_thread_join(thread);
  });
}

TEST(OsFutex, WakesAllWhenAskedTo) {
  on_this_kernel([] {
    uint32_t word = 0;
    auto body = [&] {
      while (__atomic_load_n(&word, __ATOMIC_SEQ_CST) == 0)
        os_futexsleep(&word, 0, kForever);
    };
    OsThread threads[] = {start(body), start(body), start(body)};
    os_usleep(1'000'000);
    raise_and_wake(&word);
    for (OsThread thread : threads)
      os_thread_join(thread);
  });
}

TEST(OsFutex, GivesUpAfterItsTime) {
  on_this_kernel([] {
    uint32_t word = 0;
    int64_t before = os_nanotime();
    while (os_nanotime() - before < 2'000'000)
      os_futexsleep(&word, 0, 2'000'000);
    EXPECT_GE(os_nanotime() - before, 2'000'000);
  });
}

TEST(OsTime, HasNoDeadlineAfterTheLastMoment) {
  on_this_kernel([] {
    os_usleep(1);
    EXPECT_EQ(os_deadline(INT64_MAX), INT64_MAX);
    const int64_t before = os_nanotime();
    const int64_t deadline = os_deadline(1000);
    EXPECT_GE(deadline, before + 1000);
    EXPECT_LE(deadline, os_nanotime() + 1000);
  });
}

TEST(OsTime, SleepsAtLeastSoLong) {
  on_this_kernel([] {
    for (int64_t ns : {int64_t{0}, int64_t{1}, int64_t{100'000}, int64_t{3'000'000}}) {
      int64_t before = os_nanotime();
      os_usleep(ns);
      EXPECT_GE(os_nanotime() - before, ns);
    }
    int64_t before = os_nanotime();
    os_procyield(10);
    os_osyield();
    EXPECT_GE(os_nanotime(), before);
  });
}

// ---- Calls --------------------------------------------------------------------------------------

TEST(OsCall, FailsWithMinusErrno) {
  on_this_kernel([] {
    EXPECT_GT(call(SYS_getpid), 0);
    EXPECT_GT(call(SYS_gettid), 0);
    EXPECT_EQ(call(SYS_sched_yield), 0);
    EXPECT_EQ(call(SYS_close, -1), -EBADF);
    EXPECT_EQ(call(SYS_read, 1000, 0, 0), -EBADF);
    EXPECT_EQ(call(4095), -ENOSYS);
  });
}

TEST(OsCall, NanosleepSleeps) {
  on_this_kernel([] {
    timespec time = {0, 2'000'000};
    int64_t before = os_nanotime();
    EXPECT_EQ(call(SYS_nanosleep, address(&time), 0), 0);
    EXPECT_EQ(call(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, address(&time), 0), 0);
    EXPECT_GE(os_nanotime() - before, 4'000'000);
    time.tv_nsec = -1;
    EXPECT_EQ(call(SYS_nanosleep, address(&time), 0), -EINVAL);
    time = {1, 1'000'000'000};
    EXPECT_EQ(call(SYS_clock_nanosleep, CLOCK_MONOTONIC, 0, address(&time), 0), -EINVAL);
    time = {0, 1};
    EXPECT_EQ(call(SYS_clock_nanosleep, 99, 0, address(&time), 0), -EINVAL);
  });
}

TEST(OsPipe, BlocksUntilThereIsSomething) {
  on_this_kernel([] {
    int ends[2];
    ASSERT_EQ(call(SYS_pipe2, address(ends), 0), 0);
    auto writer = [&] {
      os_usleep(1'000'000);
      EXPECT_EQ(call(SYS_write, ends[1], address("abc"), 3), 3);
      os_usleep(1'000'000);
      EXPECT_EQ(call(SYS_close, ends[1]), 0);
    };
    OsThread thread = start(writer);
    char buffer[8] = {};
    EXPECT_EQ(call(SYS_read, ends[0], address(buffer), 2), 2);
    EXPECT_EQ(call(SYS_read, ends[0], address(buffer + 2), 6), 1);
    EXPECT_STREQ(buffer, "abc");
    EXPECT_EQ(call(SYS_read, ends[0], address(buffer), 8), 0);
    os_thread_join(thread);
    EXPECT_EQ(call(SYS_close, ends[0]), 0);
  });
}

TEST(OsPipe, SaysAgainWhenNotToBlock) {
  on_this_kernel([] {
    int ends[2];
    ASSERT_EQ(call(SYS_pipe2, address(ends), O_NONBLOCK), 0);
    static char bytes[4096];
    EXPECT_EQ(call(SYS_read, ends[0], address(bytes), 1), -EAGAIN);
    for (int i = 0; i < 16; i++) {
      EXPECT_EQ(call(SYS_write, ends[1], address(bytes), sizeof bytes), 4096);
    }
    EXPECT_EQ(call(SYS_write, ends[1], address(bytes), 1), -EAGAIN);
    EXPECT_EQ(call(SYS_close, ends[0]), 0);
    EXPECT_EQ(call(SYS_close, ends[1]), 0);
  });
}

TEST(OsPipe, AWriteThatDoesNotFitIsShortWhenNotToBlock) {
  on_this_kernel([] {
    int ends[2];
    ASSERT_EQ(call(SYS_pipe2, address(ends), O_NONBLOCK), 0);
    static char bytes[100'000];
    EXPECT_EQ(call(SYS_write, ends[1], address(bytes), sizeof bytes), 65'536);
    EXPECT_EQ(call(SYS_read, ends[0], address(bytes), sizeof bytes), 65'536);
    EXPECT_EQ(call(SYS_close, ends[0]), 0);
    EXPECT_EQ(call(SYS_close, ends[1]), 0);
  });
}

TEST(OsPipe, ALongWriteWaitsForItsReader) {
  on_this_kernel([] {
    int ends[2];
    ASSERT_EQ(call(SYS_pipe2, address(ends), 0), 0);
    static char sent[150'000], received[150'000];
    for (size_t i = 0; i < sizeof sent; i++)
      sent[i] = static_cast<char>(i % 251);
    auto writer = [&] { EXPECT_EQ(call(SYS_write, ends[1], address(sent), sizeof sent), 150'000); };
    OsThread thread = start(writer);
    long got = 0;
    while (got < 150'000) {
      long bytes = call(SYS_read, ends[0], address(received + got), 150'000 - got);
      ASSERT_GT(bytes, 0);
      got += bytes;
    }
    os_thread_join(thread);
    EXPECT_EQ(memcmp(sent, received, sizeof sent), 0);
    EXPECT_EQ(call(SYS_close, ends[0]), 0);
    EXPECT_EQ(call(SYS_close, ends[1]), 0);
  });
}

TEST(OsPipe, WithoutReadersIsBroken) {
#if !THROWSPLIT_HOOKS
  struct sigaction ignore = {}, old = {};
  ignore.sa_handler = SIG_IGN;
  sigaction(SIGPIPE, &ignore, &old);
#endif
  on_this_kernel([] {
    int ends[2];
    ASSERT_EQ(call(SYS_pipe2, address(ends), 0), 0);
    EXPECT_EQ(call(SYS_close, ends[0]), 0);
    EXPECT_EQ(call(SYS_write, ends[1], address("a"), 1), -EPIPE);
    EXPECT_EQ(call(SYS_close, ends[1]), 0);
    EXPECT_EQ(call(SYS_close, ends[1]), -EBADF);
  });
#if !THROWSPLIT_HOOKS
  sigaction(SIGPIPE, &old, nullptr);
#endif
}

}  // namespace
}  // namespace throwsplit
