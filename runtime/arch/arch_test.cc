// Broken if this fails: a switch of stacks loses its goroutine, its thread or a request.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include "runtime/arch/arch.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/syscall.h>
#include <unistd.h>

#include "runtime/base/atomic.h"
#include "runtime/gmp/gmp.h"
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/stack.h"
#include "runtime/sync/sync.h"

namespace throwsplit {
namespace {

Config procs(uint32_t count) {
  Config config;
  config.procs = count;
  return config;
}

// The next checked prologue on this goroutine gives way. Nothing checked stands between this and
// what is to trip.
ALWAYS_INLINE void trip_next_check() { preempt_self(getg()); }

struct Nested {
  G* outer = nullptr;
  G* inner = nullptr;
  uintptr_t slot = 0;
  bool on_g0 = false;
};

void innermost(void* arg) {
  auto* nested = static_cast<Nested*>(arg);
  nested->inner = getg();
  nested->slot = guard_slot_read();
  auto here = reinterpret_cast<uintptr_t>(__builtin_frame_address(0));
  nested->on_g0 = here >= nested->inner->stack.lo && here < nested->inner->stack.hi;
}

void outermost(void* arg) {
  static_cast<Nested*>(arg)->outer = getg();
  systemstack(innermost, arg);
}

TEST(Systemstack, NestsAndComesBack) {
  ASSERT_EQ(run(procs(1),
                [] {
                  G* gp = getg();
                  Nested nested;
                  systemstack(outermost, &nested);
                  EXPECT_EQ(getg(), gp);
                  EXPECT_EQ(guard_slot_read(), stack_guard(gp));
                  EXPECT_EQ(nested.outer, gp->m->g0);
                  EXPECT_EQ(nested.inner, gp->m->g0);
                  EXPECT_EQ(nested.slot, gp->m->g0->stackguard0.peek());
                  EXPECT_TRUE(nested.on_g0);
                }),
            nullptr);
}

TEST(Systemstack, KeepsARequestThatCameMeanwhile) {
  ASSERT_EQ(run(procs(1),
                [] {
                  G* gp = getg();
                  systemstack(
                      [](void* arg) {
                        auto* asked = static_cast<G*>(arg);
                        asked->preempt.store<seq_cst>(1);
                        asked->stackguard0.store<seq_cst>(StackPreempt);
                      },
                      gp);
                  EXPECT_EQ(guard_slot_read(), uintptr_t{StackPreempt});
                }),
            nullptr);
}

// ---- getg

// Enters the kernel on one M and comes back on another, in one function: while it is in there, its
// P goes to another M, and the goroutine that runs there gives it up only once we are in the queue.
TEST(Getg, IsTheSameGoroutineOnAnotherThread) {
  int ends[2];
  ASSERT_EQ(pipe2(ends, O_CLOEXEC), 0);
  ASSERT_EQ(
      run(procs(1),
          [&] {
            G* gp = getg();
            M* before = gp->m;
            auto thread_before = static_cast<long>(gettid());
            ASSERT_TRUE(go([gp, &ends] {
              // Not by a call of the runtime's: sysmon could take the P meanwhile.
              EXPECT_EQ(os_syscall6(SYS_write, ends[1], reinterpret_cast<long>("x"), 1, 0, 0, 0),
                        1);
              while (readgstatus(gp) == Gsyscall)
                __builtin_ia32_pause();
            }));
            char byte = 0;
            EXPECT_EQ(syscall_block(SYS_read, ends[0], reinterpret_cast<long>(&byte), 1), 1);
            EXPECT_EQ(byte, 'x');
            EXPECT_EQ(getg(), gp);
            EXPECT_NE(getg()->m, before);
            EXPECT_NE(static_cast<long>(gettid()), thread_before);
            EXPECT_EQ(getg()->m->curg.peek(), gp);
            EXPECT_EQ(reinterpret_cast<uintptr_t>(guard_slot_address()), getg()->m->guard_handle);
          }),
      nullptr);
  close(ends[0]);
  close(ends[1]);
}

// ---- The guard

NOINLINE void checked() {
  char frame[64];
  asm volatile("" : : "r"(frame) : "memory");
}

// A clean slot, or a fresh request: whoever poisons the slot has raised the flag before.
void expect_clean_slot(G* gp) {
  uintptr_t slot = guard_slot_read();
  EXPECT_TRUE(slot == stack_guard(gp) || gp->preempt.load<seq_cst>() != 0) << slot;
}

TEST(Guard, ARequestTripsTheNextCheckAndIsGoneAfterIt) {
  int asked = 0;
  P* target = nullptr;
  ASSERT_EQ(run(procs(2),
                [&] {
                  G* gp = getg();
                  expect_clean_slot(gp);
                  ASSERT_TRUE(go([&] {
                    while (atomic_load<acquire>(&target) == nullptr)
                      __builtin_ia32_pause();
                    systemstack([](void* arg) { preemptone(static_cast<P*>(arg)); }, target);
                    atomic_store<release>(&asked, 1);
                  }));
                  // No call from here on: nothing trips before we have seen the request.
                  atomic_store<release>(&target, gp->m->p.peek());
                  while (atomic_load<acquire>(&asked) == 0)
                    __builtin_ia32_pause();
                  uintptr_t slot = guard_slot_read();
                  uintptr_t guard = gp->stackguard0.peek();
                  uint32_t flag = gp->preempt.peek();
                  checked();
                  expect_clean_slot(gp);
                  EXPECT_EQ(slot, uintptr_t{StackPreempt});
                  EXPECT_EQ(guard, uintptr_t{StackPreempt});
                  EXPECT_EQ(flag, 1u);
                }),
            nullptr);
}

TEST(Guard, AHeldMDefersARequestAndItsReleaseBringsItBack) {
  ASSERT_EQ(run(procs(1),
                [] {
                  G* gp = getg();
                  int ran = 0;
                  ASSERT_TRUE(go([&ran] { ran++; }));
                  M* mp = gp->m;
                  mp->locks++;
                  trip_next_check();
                  checked();
                  EXPECT_EQ(ran, 0) << "gave way while its M was held";
                  EXPECT_EQ(gp->preempt.peek(), 1u) << "the request is lost";
                  mp->locks--;
                  repoison(gp);
                  EXPECT_EQ(guard_slot_read(), uintptr_t{StackPreempt});
                  checked();
                  EXPECT_EQ(ran, 1);
                }),
            nullptr);
}

}  // namespace
}  // namespace throwsplit
