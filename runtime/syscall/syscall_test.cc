// Broken if this fails: a system call loses an argument, its result, its stack or its processor.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include "runtime/syscall/syscall.h"

#include <errno.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/mman.h>
#include <sys/syscall.h>
#include <sys/uio.h>
#include <unistd.h>

#include <atomic>
#include <cstring>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/stack.h"

namespace throwsplit {
namespace {

Config procs(uint32_t count) {
  Config config;
  config.procs = count;
  return config;
}

long address_of(const void* pointer) { return reinterpret_cast<long>(pointer); }

struct Pipe {
  Pipe() { EXPECT_EQ(pipe2(ends, O_CLOEXEC), 0); }
  ~Pipe() {
    close(ends[0]);
    close(ends[1]);
  }
  int ends[2];
};

// How often this world's Ms told of an event. Needs Config.tracing.
int count_events(Event event) {
  int count = 0;
  for (M* mp = this_world().sched.allms; mp != nullptr; mp = mp->alllink) {
    uint64_t kept = std::min<uint64_t>(mp->ring->count(), TraceRing::kEntries);
    for (uint32_t back = 0; back < kept; back++)
      count += mp->ring->newest(back).event == event;
  }
  return count;
}

// ---- Arguments and results

TEST(Syscall, ReturnsWhatTheKernelReturns) {
  ASSERT_EQ(run(procs(1),
                [] {
                  errno = 0;
                  EXPECT_EQ(syscall(SYS_getpid), getpid());
                  EXPECT_EQ(syscall(SYS_close, -1), -EBADF);
                  EXPECT_EQ(syscall_block(SYS_close, -1), -EBADF);
                  EXPECT_EQ(syscall(100000), -ENOSYS);
                  EXPECT_EQ(errno, 0) << "errno belongs to the library's own calls";
                }),
            nullptr);
}

TEST(Syscall, PassesSixArguments) {
  int file = memfd_create("six", MFD_CLOEXEC);
  ASSERT_GE(file, 0);
  ASSERT_EQ(ftruncate(file, 3 * 4096), 0);
  ASSERT_EQ(pwrite(file, "third", 6, 2 * 4096), 6);
  ASSERT_EQ(run(procs(1),
                [file] {
                  for (auto call : {syscall, syscall_block}) {
                    // The sixth argument is the offset.
                    long place = call(SYS_mmap, 0, 4096, PROT_READ, MAP_SHARED, file, 2 * 4096);
                    ASSERT_GT(place, 0);
                    EXPECT_STREQ(reinterpret_cast<const char*>(place), "third");
                    EXPECT_EQ(call(SYS_munmap, place, 4096, 0, 0, 0, 0), 0);
                  }
                }),
            nullptr);
  close(file);
}

NOINLINE void exchange_over_a_pipe(const Pipe& pipe, int number) {
  char sent[300];
  char received[300] = {};
  char tail[8] = {};
  memset(sent, 'a' + number % 26, sizeof sent);
  iovec parts[] = {{received, sizeof received - 7}, {tail, 7}};
  EXPECT_EQ(syscall(SYS_write, pipe.ends[1], address_of(sent), sizeof sent), long{sizeof sent});
  EXPECT_EQ(syscall(SYS_readv, pipe.ends[0], address_of(parts), 2), long{sizeof sent});
  EXPECT_EQ(memcmp(received, sent, sizeof sent - 7), 0);
  EXPECT_EQ(memcmp(tail, sent, 7), 0);
}

TEST(Syscall, ReadsAndWritesBuffersOnTheStack) {
  int done = 0;
  ASSERT_EQ(run(procs(1),
                [&] {
                  for (int i = 0; i < 20; i++) {
                    ASSERT_TRUE(go([&done, i] {
                      Pipe pipe;
                      for (int k = 0; k < 20; k++) {
                        exchange_over_a_pipe(pipe, i + k);
                        yield();
                      }
                      done++;
                    }));
                  }
                }),
            nullptr);
  EXPECT_EQ(done, 20);
}

TEST(Syscall, LeavesTheGoroutineAsItWas) {
  ASSERT_EQ(
      run(procs(1),
          [] {
            G* gp = getg();
            for (auto call : {syscall, syscall_block}) {
              StackRange before = gp->stack;
              EXPECT_EQ(call(SYS_getpid, 0, 0, 0, 0, 0, 0), getpid());
              M* mp = getg()->m;
              EXPECT_EQ(getg(), gp);
              EXPECT_EQ(readgstatus(gp), uint32_t{Grunning});
              EXPECT_FALSE(gp->throwsplit);
              EXPECT_EQ(gp->syscallsp, 0u);
              EXPECT_EQ(mp->locks, 0);
              EXPECT_EQ(mp->curg.peek(), gp);
              EXPECT_NE(mp->p.peek(), nullptr);
              EXPECT_EQ(mp->p.peek()->m.peek(), mp);
              EXPECT_EQ(mp->p.peek()->status.peek(), uint32_t{Prunning});
              EXPECT_EQ(gp->stack.lo, before.lo);
              EXPECT_TRUE(gp->stackguard0.peek() == stack_guard(gp) || gp->preempt.peek() != 0);
            }
          }),
      nullptr);
}

// What stands in the G while the kernel works for it, seen by another goroutine.
TEST(Syscall, FreezesTheStackAndSaysWhere) {
  Pipe pipe;
  struct Seen {
    uintptr_t sp = 0, saved_sp = 0, pc = 0, lo = 0, frozen_lo = 0, hi = 0;
    bool throwsplit = false;
  } seen;
  ASSERT_EQ(run(procs(1),
                [&] {
                  G* gp = getg();
                  ASSERT_TRUE(go([&, gp] {
                    ASSERT_EQ(readgstatus(gp), uint32_t{Gsyscall});
                    seen = {gp->syscallsp,       gp->sched.sp, gp->syscallpc, gp->stack.lo,
                            gp->syscallstack.lo, gp->stack.hi, gp->throwsplit};
                    EXPECT_EQ(gp->stackguard0.peek(), uintptr_t{StackPreempt});
                    EXPECT_EQ(syscall(SYS_write, pipe.ends[1], address_of("x"), 1), 1);
                  }));
                  char byte = 0;
                  EXPECT_EQ(syscall(SYS_read, pipe.ends[0], address_of(&byte), 1), 1);
                  EXPECT_GT(reinterpret_cast<uintptr_t>(__builtin_frame_address(0)), seen.sp);
                }),
            nullptr);
  EXPECT_TRUE(seen.throwsplit);
  EXPECT_EQ(seen.sp, seen.saved_sp);
  EXPECT_GT(seen.sp, seen.lo);
  EXPECT_LT(seen.sp, seen.hi);
  EXPECT_EQ(seen.lo, seen.frozen_lo);
  EXPECT_NE(seen.pc, 0u);
}

// ---- Blocking functions

TEST(Blocking, ReturnsValueAndErrno) {
  ASSERT_EQ(run(procs(1),
                [] {
                  Blocked failed = blocking([](void*) -> long { return close(-1); }, nullptr);
                  EXPECT_EQ(failed.value, -1);
                  EXPECT_EQ(failed.error, EBADF);
                  int argument = 41;
                  Blocked fine = blocking(
                      [](void* arg) -> long { return ++*static_cast<int*>(arg); }, &argument);
                  EXPECT_EQ(fine.value, 42);
                  EXPECT_EQ(fine.error, 0);
                  EXPECT_EQ(argument, 42);
                }),
            nullptr);
}

TEST(Blocking, RunsOnTheSystemStackWithoutAProcessor) {
  ASSERT_EQ(run(procs(1),
                [] {
                  Blocked blocked = blocking(
                      [](void*) -> long {
                        G* gp = getg();
                        return gp == gp->m->g0 && gp->m->p.peek() == nullptr;
                      },
                      nullptr);
                  EXPECT_EQ(blocked.value, 1);
                }),
            nullptr);
}

TEST(Blocking, LetsOthersRunMeanwhile) {
  Pipe pipe;
  ASSERT_EQ(run(procs(1),
                [&] {
                  ASSERT_TRUE(go([&] { EXPECT_EQ(write(pipe.ends[1], "x", 1), 1); }));
                  Blocked blocked = blocking(
                      [](void* arg) -> long {
                        char byte;
                        return read(static_cast<Pipe*>(arg)->ends[0], &byte, 1);
                      },
                      &pipe);
                  EXPECT_EQ(blocked.value, 1);
                }),
            nullptr);
}

// ---- The ways out, one by one

// The only P is with somebody else when the call ends, until the goroutine stands in the queue.
TEST(Exit, QueuesWhenThereIsNoP) {
  Pipe pipe;
  int queued = 0;
  Config config = procs(1);
  config.tracing = true;
  ASSERT_EQ(run(config,
                [&] {
                  G* gp = getg();
                  ASSERT_TRUE(go([&pipe, gp] {
                    EXPECT_EQ(syscall(SYS_write, pipe.ends[1], address_of("x"), 1), 1);
                    while (readgstatus(gp) == Gsyscall)
                      __builtin_ia32_pause();
                  }));
                  char byte = 0;
                  EXPECT_EQ(syscall_block(SYS_read, pipe.ends[0], address_of(&byte), 1), 1);
                  queued = count_events(Event::go_syscall_queued);
                }),
            nullptr);
  EXPECT_GE(queued, 1);
}

// A plain call that blocks: sysmon must take the P, or the writer never runs.
TEST(Exit, SysmonRetakesThePOfALongCall) {
  Pipe pipe;
  int retaken = 0;
  Config config = procs(1);
  config.tracing = true;
  ASSERT_EQ(run(config,
                [&] {
                  ASSERT_TRUE(go([&pipe] {
                    EXPECT_EQ(syscall(SYS_write, pipe.ends[1], address_of("x"), 1), 1);
                  }));
                  char byte = 0;
                  EXPECT_EQ(syscall(SYS_read, pipe.ends[0], address_of(&byte), 1), 1);
                  retaken = count_events(Event::proc_retake);
                }),
            nullptr);
  EXPECT_GE(retaken, 1);
}

// All others are stopped while one sits in the kernel; its P goes to the stopper, and it comes back
// in the middle of a stop.
TEST(Exit, ComesBackDuringAStop) {
  Pipe pipe;
  std::atomic<int> back{0};
  int back_while_stopped = -1;
  struct Stop {
    Pipe* pipe;
    std::atomic<int>* back;
    int* back_while_stopped;
    G* reader;
  } stop = {&pipe, &back, &back_while_stopped, nullptr};
  ASSERT_EQ(run(procs(2),
                [&] {
                  std::atomic<G*> reader{nullptr};
                  auto* reader_out = &reader;
                  ASSERT_TRUE(go([&, reader_out] {
                    *reader_out = getg();
                    char byte = 0;
                    EXPECT_EQ(syscall(SYS_read, pipe.ends[0], address_of(&byte), 1), 1);
                    ++back;
                  }));
                  while (reader == nullptr || readgstatus(reader) != Gsyscall)
                    yield();
                  stop.reader = reader;
                  stop_the_world(
                      [](void* arg) {
                        auto* my = static_cast<Stop*>(arg);
                        EXPECT_EQ(write(my->pipe->ends[1], "x", 1), 1);
                        // It leaves the kernel, finds no P and queues up.
                        while (readgstatus(my->reader) == Gsyscall)
                          os_osyield();
                        *my->back_while_stopped = *my->back;
                      },
                      &stop);
                }),
            nullptr);
  EXPECT_EQ(back_while_stopped, 0);
  EXPECT_EQ(back, 1);
}

}  // namespace
}  // namespace throwsplit
