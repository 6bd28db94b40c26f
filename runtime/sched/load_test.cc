// Broken if this fails: under load a stop overlooks a runner, or a call starves the others.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
//
// Ten thousand goroutines, of which at most 512 are in the kernel, share two Ps, and between every
// ten that start the world is stopped once. Whoever is stopped counts nothing.
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <time.h>
#include <unistd.h>

#include <array>
#include <atomic>
#include <deque>

#include "runtime/runtime.h"

namespace throwsplit {
namespace {

// At most so many goroutines between enter and leave; the others wait in order.
class Gate {
 public:
  explicit Gate(int free) : free_(free) {}

  void enter() {
    Waiter waiter = {self(), {false}};
    lock();
    bool passes = free_ > 0;
    if (passes) {
      free_--;
    } else {
      waiters_.push_back(&waiter);
    }
    inside_most_ = std::max(inside_most_, passes ? ++inside_ : inside_);
    unlock();
    while (!passes && !waiter.passes.load(std::memory_order_acquire))
      park();
  }

  void leave() {
    lock();
    Waiter* next = nullptr;
    Goroutine who = self();
    if (waiters_.empty()) {
      free_++;
      inside_--;
    } else {
      next = waiters_.front();
      waiters_.pop_front();
      who = next->who;  // once it may pass, its stack is its own again
    }
    unlock();
    if (next == nullptr) return;
    next->passes.store(true, std::memory_order_release);
    ready(who);
  }

  int inside() const { return inside_; }
  int inside_most() const { return inside_most_; }

 private:
  struct Waiter {
    Goroutine who;
    std::atomic<bool> passes;
  };
  // A holder may be preempted, so who finds it taken gives way.
  void lock() {
    while (taken_.test_and_set(std::memory_order_acquire))
      yield();
  }
  void unlock() { taken_.clear(std::memory_order_release); }

  std::atomic_flag taken_ = ATOMIC_FLAG_INIT;
  int free_;
  int inside_ = 0;
  int inside_most_ = 0;
  std::deque<Waiter*> waiters_;
};

constexpr int kGoroutines = 10000;
constexpr int kStops = 1000;
constexpr int kInKernelMost = 512;
constexpr int kPipesMost = 64;
constexpr int kCallsInARow = 10;

struct Load {
  Gate kernel{kInKernelMost};
  Gate pipes{kPipesMost};
  std::atomic<uint64_t> steps{0};  // counted by whoever runs
  std::atomic<int> ended{0};
  std::atomic<int> wrong{0};
  int stops = 0;
  int ran_while_stopped = 0;

  void step() { steps.fetch_add(1, std::memory_order_relaxed); }
  void expect(bool right) {
    if (!right) wrong++;
  }
};

// A peer writes what this goroutine waits for in the kernel, into an array on its own stack.
void read_from_a_peer(Load& load, int number) {
  load.pipes.enter();
  int ends[2];
  load.expect(pipe2(ends, O_CLOEXEC) == 0);
  Load* shared = &load;
  int write_end = ends[1];
  load.expect(go([shared, write_end, number] {
    yield();
    std::array<int, 4> words = {number, number + 1, number + 2, number + 3};
    long written =
        syscall(SYS_write, write_end, reinterpret_cast<long>(words.data()), sizeof words);
    shared->expect(written == long{sizeof words});
    shared->step();
  }));
  std::array<int, 4> words = {};
  long got = syscall(SYS_read, ends[0], reinterpret_cast<long>(words.data()), sizeof words);
  load.expect(got == long{sizeof words} && words[0] == number && words[3] == number + 3);
  load.step();
  close(ends[0]);
  close(ends[1]);
  load.pipes.leave();
}

void nap(Load& load, bool announced) {
  timespec left = {0, 1000000};
  auto* raw = reinterpret_cast<long*>(&left);
  auto arg = reinterpret_cast<long>(raw);
  long result = announced ? syscall_block(SYS_nanosleep, arg, 0) : syscall(SYS_nanosleep, arg, 0);
  load.expect(result == 0);
  load.step();
}

void short_calls(Load& load) {
  const long pid = getpid();
  for (int i = 0; i < kCallsInARow; i++) {
    load.expect(syscall(SYS_getpid) == pid);
    load.step();
  }
}

void library_call(Load& load) {
  Blocked blocked = blocking(
      [](void*) {
        errno = EDOM;
        return 17L;
      },
      nullptr);
  load.expect(blocked.value == 17 && blocked.error == EDOM);
  load.step();
}

void one_goroutine(Load& load, int number) {
  load.kernel.enter();
  load.step();
  switch (number % 5) {
    case 0:  read_from_a_peer(load, number); break;
    case 1:  nap(load, false); break;
    case 2:  nap(load, true); break;
    case 3:  short_calls(load); break;
    default: library_call(load); break;
  }
  load.step();
  load.kernel.leave();
  load.ended++;
}

// Runs with the world stopped. Pauses, so that whoever should not be running gets his chance.
void look_around(void* arg) {
  auto* load = static_cast<Load*>(arg);
  uint64_t before = load->steps.load(std::memory_order_relaxed);
  for (int i = 0; i < 300; i++)
    __builtin_ia32_pause();
  if (load->steps.load(std::memory_order_relaxed) != before) load->ran_while_stopped++;
  load->stops++;
}

TEST(Load, TenThousandGoroutinesAndAThousandStops) {
  Load load;
  Config config;
  config.procs = 2;
  ASSERT_EQ(run(config,
                [&load] {
                  for (int number = 0; number < kGoroutines; number++) {
                    Load* shared = &load;
                    load.expect(go([shared, number] { one_goroutine(*shared, number); }));
                    if (number % (kGoroutines / kStops) == 0) stop_the_world(look_around, &load);
                  }
                }),
            nullptr);
  EXPECT_EQ(load.ended, kGoroutines);
  EXPECT_EQ(load.wrong, 0);
  EXPECT_EQ(load.stops, kStops);
  EXPECT_EQ(load.ran_while_stopped, 0);
  EXPECT_EQ(load.kernel.inside(), 0);
  EXPECT_LE(load.kernel.inside_most(), kInKernelMost);
  // Of five goroutines one reads (and one writes), two nap, one makes short calls, one blocks.
  EXPECT_EQ(load.steps, uint64_t{kGoroutines} / 5 * (5 * 2 + 2 + 2 + kCallsInARow + 1));
}

// Some sit in the kernel until everybody else has ended; were one P lost with them, nobody would.
void starve(uint32_t procs, int readers, int others) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  std::atomic<int> left{others};
  std::atomic<int> woken{0};
  Config config;
  config.procs = procs;
  ASSERT_EQ(run(config,
                [&] {
                  for (int i = 0; i < readers; i++) {
                    ASSERT_TRUE(go([&] {
                      char byte = 0;
                      woken += syscall(SYS_read, ends[0], reinterpret_cast<long>(&byte), 1) == 1;
                    }));
                  }
                  for (int i = 0; i < others; i++) {
                    ASSERT_TRUE(go([&] {
                      for (int k = 0; k < 3; k++) {
                        EXPECT_EQ(syscall(SYS_getpid), getpid());
                        yield();
                      }
                      if (--left == 0) {
                        for (int k = 0; k < readers; k++)
                          EXPECT_EQ(syscall(SYS_write, ends[1], reinterpret_cast<long>("x"), 1), 1);
                      }
                    }));
                  }
                }),
            nullptr);
  EXPECT_EQ(woken, readers);
  close(ends[0]);
  close(ends[1]);
}

TEST(Starvation, OneBlockedReadOnOneP) { starve(1, 1, 500); }
TEST(Starvation, OneBlockedReadOnTwoPs) { starve(2, 1, 500); }
TEST(Starvation, MoreBlockedReadsThanPs) { starve(2, 20, 500); }

}  // namespace
}  // namespace throwsplit
