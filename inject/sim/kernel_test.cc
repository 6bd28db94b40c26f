// If this fails, a simulated system call blocks, returns or writes otherwise than Linux's would.
// SPDX-License-Identifier: Apache-2.0
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>

#include <cerrno>
#include <csignal>
#include <cstdint>
#include <cstring>
#include <ctime>
#include <string>
#include <vector>

#include "inject/sim/test_program.h"

namespace throwsplit::inject {
namespace {

long call(long number, long a1 = 0, long a2 = 0, long a3 = 0, long a4 = 0) {
  return os_syscall6(number, a1, a2, a3, a4, 0, 0);
}
long address(const void* pointer) { return reinterpret_cast<long>(pointer); }
long read_some(int descriptor, void* buffer, size_t bytes) {
  return call(SYS_read, descriptor, address(buffer), static_cast<long>(bytes));
}
long write_some(int descriptor, const void* buffer, size_t bytes) {
  return call(SYS_write, descriptor, address(buffer), static_cast<long>(bytes));
}

SimConfig with(const Plan& plan) {
  SimConfig config;
  config.plan = &plan;
  return config;
}

TEST(Kernel, NumbersItDoesNotKnowFail) {
  simulate_body([] {
    EXPECT_EQ(call(SYS_openat), -ENOSYS);
    EXPECT_EQ(call(99'999), -ENOSYS);
    EXPECT_EQ(call(-1), -ENOSYS);
    EXPECT_GT(call(SYS_getpid), 0);
    EXPECT_EQ(call(SYS_sched_yield), 0);
  });
}

TEST(Kernel, ThreadsHaveNumbersOfTheirOwn) {
  long mine = 0, its = 0;
  auto child = [&] { its = call(SYS_gettid); };
  simulate_body([&] {
    os_thread_join(start(child));
    mine = call(SYS_gettid);
  });
  EXPECT_EQ(its, mine + 1);
}

TEST(Kernel, NanosleepTakesItsTime) {
  simulate_body([] {
    timespec time = {0, 5'000'000};
    int64_t before = os_nanotime();
    EXPECT_EQ(call(SYS_nanosleep, address(&time)), 0);
    EXPECT_GE(os_nanotime() - before, 5'000'000);
    EXPECT_LT(os_nanotime() - before, 6'000'000);
    time.tv_nsec = 1'000'000'000;
    EXPECT_EQ(call(SYS_nanosleep, address(&time)), -EINVAL);
    int64_t until = os_nanotime() + 1000;
    time = {until / 1'000'000'000, until % 1'000'000'000};
    EXPECT_EQ(call(SYS_clock_nanosleep, CLOCK_MONOTONIC, TIMER_ABSTIME, address(&time)), 0);
    EXPECT_GE(os_nanotime(), until);
  });
}

TEST(Kernel, AnInterruptedSleepTellsWhatIsLeft) {
  Plan plan{{fault_term(Fault::kSyscallEintr, Action::kFail)}};
  simulate_body(
      [] {
        timespec time = {2, 500}, left = {0, 0};
        int64_t before = os_nanotime();
        EXPECT_EQ(call(SYS_nanosleep, address(&time), address(&left)), -EINTR);
        int64_t left_ns = left.tv_sec * 1'000'000'000 + left.tv_nsec;
        EXPECT_GT(left_ns, 0);
        EXPECT_GE(os_nanotime() - before + left_ns, 2'000'000'500);
      },
      with(plan));
}

TEST(Kernel, PauseNeverReturnsUnlessInterrupted) {
  EXPECT_EQ(simulate_body([] { call(SYS_pause); }).end, End::quiescent);
  Plan plan{{fault_term(Fault::kSyscallEintr, Action::kFail)}};
  EXPECT_EQ(simulate_body([] { EXPECT_EQ(call(SYS_pause), -EINTR); }, with(plan)).end,
            End::finished);
}

// ---- Pipes --------------------------------------------------------------------------------------

struct Ends {
  int out = -1;  // to read from
  int in = -1;   // to write to
  explicit Ends(int flags = 0) {
    int descriptors[2];
    EXPECT_EQ(call(SYS_pipe2, address(descriptors), flags), 0);
    out = descriptors[0];
    in = descriptors[1];
  }
};

TEST(Pipe, BytesComeOutAsTheyWentIn) {
  simulate_body([] {
    Ends pipe;
    EXPECT_EQ(pipe.out, 3);
    EXPECT_EQ(pipe.in, 4);
    char buffer[10] = {};
    EXPECT_EQ(write_some(pipe.in, "hello", 5), 5);
    EXPECT_EQ(read_some(pipe.out, buffer, 3), 3);
    EXPECT_EQ(read_some(pipe.out, buffer + 3, 7), 2);
    EXPECT_STREQ(buffer, "hello");
    EXPECT_EQ(call(SYS_close, pipe.in), 0);
    EXPECT_EQ(read_some(pipe.out, buffer, 10), 0);
    EXPECT_EQ(call(SYS_close, pipe.out), 0);
    EXPECT_EQ(call(SYS_close, pipe.out), -EBADF);
    EXPECT_EQ(Ends().out, 3);
  });
}

TEST(Pipe, ErrorsHaveLinuxNames) {
  simulate_body([] {
    Ends pipe(O_NONBLOCK);
    char buffer[4096] = {};
    EXPECT_EQ(read_some(pipe.out, buffer, 1), -EAGAIN);
    EXPECT_EQ(read_some(pipe.in, buffer, 1), -EBADF);
    EXPECT_EQ(write_some(pipe.out, buffer, 1), -EBADF);
    EXPECT_EQ(write_some(77, buffer, 1), -EBADF);
    EXPECT_EQ(read_some(-1, buffer, 1), -EBADF);
    EXPECT_EQ(read_some(pipe.out, buffer, 0), 0);
    for (int i = 0; i < 16; i++)
      EXPECT_EQ(write_some(pipe.in, buffer, 4096), 4096);
    EXPECT_EQ(write_some(pipe.in, buffer, 1), -EAGAIN);
    EXPECT_EQ(read_some(pipe.out, buffer, 100), 100);
    EXPECT_EQ(write_some(pipe.in, buffer, 4096), -EAGAIN);  // small writes are whole
    EXPECT_EQ(write_some(pipe.in, buffer, 100), 100);
    EXPECT_EQ(call(SYS_close, pipe.out), 0);
    EXPECT_EQ(write_some(pipe.in, buffer, 1), -EPIPE);
    int descriptors[2];
    EXPECT_EQ(call(SYS_pipe2, address(descriptors), 1), -EINVAL);
    long result;
    while ((result = call(SYS_pipe2, address(descriptors), 0)) == 0)
      continue;
    EXPECT_EQ(result, -EMFILE);
  });
}

TEST(Pipe, AReaderWaitsForBytesAndForTheEnd) {
  simulate_body([] {
    Ends pipe;
    std::string order;
    auto writer = [&] {
      order += "w";
      write_some(pipe.in, "x", 1);
      os_usleep(1000);
      order += "c";
      call(SYS_close, pipe.in);
    };
    OsThread thread = start(writer);
    char byte = 0;
    EXPECT_EQ(read_some(pipe.out, &byte, 1), 1);
    order += "r";
    EXPECT_EQ(byte, 'x');
    EXPECT_EQ(read_some(pipe.out, &byte, 1), 0);
    order += "e";
    EXPECT_EQ(order, "wrce");
    os_thread_join(thread);
  });
}

TEST(Pipe, ALongWriteWaitsForRoomAndArrivesWhole) {
  for (uint64_t seed = 0; seed < 20; seed++) {
    Walk walk(seed);
    SimConfig config;
    config.choice = &walk;
    SimOutcome outcome = simulate_body(
        [] {
          Ends pipe;
          std::vector<uint8_t> sent(200'000), received;
          for (size_t i = 0; i < sent.size(); i++)
            sent[i] = static_cast<uint8_t>(i * 7 + i / 251);
          auto writer = [&] {
            EXPECT_EQ(write_some(pipe.in, sent.data(), sent.size()), 200'000);
            call(SYS_close, pipe.in);
          };
          OsThread thread = start(writer);
          uint8_t buffer[10'000];
          for (long bytes; (bytes = read_some(pipe.out, buffer, sizeof buffer)) > 0;) {
            received.insert(received.end(), buffer, buffer + bytes);
          }
          os_thread_join(thread);
          EXPECT_TRUE(received == sent);
        },
        config);
    ASSERT_EQ(outcome.end, End::finished);
  }
}

TEST(Pipe, AWriterWithoutReadersIsToldInTheMiddle) {
  simulate_body([] {
    Ends pipe;
    std::vector<uint8_t> bytes(100'000);
    auto closer = [&] { call(SYS_close, pipe.out); };
    OsThread thread = start(closer);
    EXPECT_EQ(write_some(pipe.in, bytes.data(), bytes.size()), 65'536);
    EXPECT_EQ(write_some(pipe.in, bytes.data(), 1), -EPIPE);
    os_thread_join(thread);
  });
}

// The answer must not be in the buffer before the call is over: a stack that moved meanwhile would
// show.
TEST(Pipe, TheBufferIsWrittenWhenTheCallCompletes) {
  simulate_body([] {
    Ends pipe;
    char buffer[4] = "...";
    bool written_early = false;
    auto writer = [&] {
      write_some(pipe.in, "abc", 3);
      for (int i = 0; i < 5; i++) {
        written_early = written_early || buffer[0] != '.';
        step_here();
      }
    };
    OsThread thread = start(writer);
    EXPECT_EQ(read_some(pipe.out, buffer, 3), 3);
    EXPECT_STREQ(buffer, "abc");
    EXPECT_FALSE(written_early);
    os_thread_join(thread);
  });
}

TEST(Pipe, ReadersCompeteAndEachByteIsReadOnce) {
  for (uint64_t seed = 0; seed < 50; seed++) {
    Walk walk(seed);
    SimConfig config;
    config.choice = &walk;
    long total = 0;
    simulate_body(
        [&] {
          Ends pipe;
          auto reader = [&] {
            char buffer[3];
            for (long bytes; (bytes = read_some(pipe.out, buffer, 3)) > 0;)
              total += bytes;
          };
          OsThread threads[] = {start(reader), start(reader)};
          for (int i = 0; i < 10; i++)
            write_some(pipe.in, "1234", 4);
          call(SYS_close, pipe.in);
          for (OsThread thread : threads)
            os_thread_join(thread);
        },
        config);
    ASSERT_EQ(total, 40);
  }
}

TEST(KernelThread, LeavesACleanGuardSlotBehind) {
  auto write_to_the_dead = [](uintptr_t guard) {
    return simulate_body([guard] {
      uintptr_t handle = 0;
      auto child = [&handle] { handle = os_guard_handle(); };
      const OsThread thread = start(child);
      os_usleep(1000);  // by the run's own clock: nobody else has anything to do but to end
      os_guard_write(handle, guard);
      os_thread_join(thread);
    });
  };
  EXPECT_EQ(write_to_the_dead(StackUnguarded).end, End::finished);
  const SimOutcome outcome = write_to_the_dead(StackPreempt);
  EXPECT_EQ(outcome.end, End::crashed);
  EXPECT_NE(outcome.crash_text.find("a thread left a poisoned guard slot behind"),
            std::string::npos)
      << outcome.crash_text;
}

// ---- Faults -------------------------------------------------------------------------------------

TEST(KernelFault, ShortReadsAndWrites) {
  Plan plan{{fault_term(Fault::kSyscallShort, Action::kShort, 2)}};
  simulate_body(
      [] {
        Ends pipe;
        char buffer[8] = {};
        EXPECT_EQ(write_some(pipe.in, "hello", 5), 2);
        EXPECT_EQ(read_some(pipe.out, buffer, 1), 1);
        EXPECT_EQ(read_some(pipe.out, buffer, 8), 1);
      },
      with(plan));
}

TEST(KernelFault, ErrorsAndInterruptions) {
  FailTerm error = fault_term(Fault::kSyscallError, Action::kError, EFAULT);
  error.trigger = Trigger::kNth;
  error.trigger_n = 2;  // the first is pipe2
  Plan plan{{error, fault_term(Fault::kSyscallEintr, Action::kFail)}};
  simulate_body(
      [] {
        Ends pipe;
        char byte;
        EXPECT_EQ(read_some(pipe.out, &byte, 1), -EFAULT);
        int64_t before = os_nanotime();
        EXPECT_EQ(read_some(pipe.out, &byte, 1), -EINTR);
        EXPECT_GT(os_nanotime(), before + 10'000);
        EXPECT_EQ(write_some(pipe.in, "a", 1), 1);
      },
      with(plan));
}

TEST(KernelFault, ALateCallBlocksFirst) {
  Plan plan{{fault_term(Fault::kSyscallLate, Action::kLate, 7'000'000)}};
  simulate_body(
      [] {
        int64_t before = os_nanotime();
        EXPECT_GT(call(SYS_getpid), 0);
        EXPECT_GE(os_nanotime() - before, 7'000'000);
      },
      with(plan));
}

// ---- Bad buffers --------------------------------------------------------------------------------

TEST(KernelDeathTest, ABadBufferIsReportedWhereTheCallWasMade) {
#if THROWSPLIT_ASAN
  EXPECT_DEATH(simulate_body([] {
                 Ends pipe;
                 write_some(pipe.in, "0123456789", 10);
                 auto* small = new char[4];
                 read_some(pipe.out, small, 10);
                 delete[] small;
               }),
               "heap-buffer-overflow");
#else
  GTEST_SKIP() << "needs AddressSanitizer";
#endif
}

}  // namespace
}  // namespace throwsplit::inject
