// If this fails, chaos mode harms the code it interrupts, or does not obey THROWSPLIT_INJECT.
// SPDX-License-Identifier: Apache-2.0
#include "inject/chaos.h"

#include <gtest/gtest.h>

#include <cerrno>
#include <cstdint>
#include <cstdlib>
#include <ctime>
#include <string>
#include <thread>
#include <vector>

#include "runtime/hook/hook.h"

namespace throwsplit::inject {
namespace {

// Each test is a process of its own: the plan is read once a process.
class ChaosDeathTest : public testing::Test {
 protected:
  ChaosDeathTest() { testing::FLAGS_gtest_death_test_style = "threadsafe"; }
};

void arm(const char* plan, const char* seed = "1") {
  setenv("THROWSPLIT_INJECT", plan, 1);
  setenv("THROWSPLIT_INJECT_SEED", seed, 1);
}

// In a death test: ends the process with 0 if all held.
void expect(bool condition, const char* text) {
  if (condition) return;
  fprintf(stderr, "not so: %s\n", text);
  _exit(1);
}
#define EXPECT_HERE(condition) expect(condition, #condition)

uint64_t visit(Point point) { return hook_site(site_of(point), 0); }

int64_t now_ns() {
  timespec now;
  clock_gettime(CLOCK_MONOTONIC, &now);
  return now.tv_sec * 1'000'000'000 + now.tv_nsec;
}

// Fills the registers that a call must keep, passes a hook, and returns the bits that changed. %r15
// keeps the stack pointer; if it were lost, this would crash.
uint64_t registers_changed_by(uint32_t site) {
  uint64_t changed;
  auto* hook = &hook_call;
  asm volatile(
      "movq %%rsp, %%r15\n\t"
      "leaq -128(%%rsp), %%rsp\n\t"  // the red zone is the compiler's
      "andq $-16, %%rsp\n\t"
      "pushq %%rbp\n\t"
      "pushq %%rbp\n\t"
      "movq %%rsp, %%r14\n\t"
      "movq $0x1111, %%rbx\n\t"
      "movq $0x2222, %%r12\n\t"
      "movq $0x3333, %%r13\n\t"
      "movq $0x4444, %%rbp\n\t"
      "xorl %%esi, %%esi\n\t"
      "xorl %%edx, %%edx\n\t"
      "call *%%rcx\n\t"
      "movq %%rsp, %%rax\n\t"
      "xorq %%r14, %%rax\n\t"
      "xorq $0x1111, %%rbx\n\t"
      "xorq $0x2222, %%r12\n\t"
      "xorq $0x3333, %%r13\n\t"
      "xorq $0x4444, %%rbp\n\t"
      "orq %%rbx, %%rax\n\t"
      "orq %%r12, %%rax\n\t"
      "orq %%r13, %%rax\n\t"
      "orq %%rbp, %%rax\n\t"
      "popq %%rbp\n\t"
      "popq %%rbp\n\t"
      "movq %%r15, %%rsp\n\t"
      : "=&a"(changed), "+D"(site), "+c"(hook)
      :
      : "rbx", "rdx", "rsi", "r8", "r9", "r10", "r11", "r12", "r13", "r14", "r15", "memory", "cc",
        "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
  return changed;
}

TEST_F(ChaosDeathTest, AHookLeavesNoTrace) {
  EXPECT_EXIT(
      {
        arm("retake_before_cas=sleep(10us);exitsyscall_start=preempt;stack_alloc=50%fail");
        hook_minit();
        // Stand-ins: a G that must stay as it is to the last bit, and a guard.
        static uint64_t g[64];
        for (uint64_t& word : g)
          word = 0x6767676767676767;
        G* before = getg();
        uintptr_t slot_before = guard_slot_read();
        setg(reinterpret_cast<G*>(g));
        guard_slot_write(0x1234);
        errno = 99;
        bool same = true;
        for (int i = 0; i < 100; i++) {
          for (uint32_t site :
               {uint32_t{site_of(Point::retake_before_cas)},
                uint32_t{site_of(Point::exitsyscall_start)}, uint32_t{site_of(Point::stack_alloc)},
                uint32_t{site_of(Field::user_word, Access::rmw)}}) {
            same = same && registers_changed_by(site) == 0;
            same = same && getg() == reinterpret_cast<G*>(g) && guard_slot_read() == 0x1234;
          }
        }
        for (uint64_t word : g)
          same = same && word == 0x6767676767676767;
        setg(before);
        guard_slot_write(slot_before);
        EXPECT_HERE(same);
        EXPECT_HERE(errno == 99);
        EXPECT_HERE(chaos_counts().fired > 200);
        hook_munit();
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ChaosDeathTest, ThePlanIsCarriedOut) {
  EXPECT_EXIT(
      {
        arm("exitsyscall_start=nth(2)preempt;stack_alloc=every(3)fail;park_after=sleep(2ms)");
        hook_minit();
        EXPECT_HERE(visit(Point::exitsyscall_start) == kActNothing);
        EXPECT_HERE(visit(Point::exitsyscall_start) == kActPreempt);
        EXPECT_HERE(visit(Point::stack_alloc) == kActNothing);
        EXPECT_HERE(visit(Point::stack_alloc) == kActNothing);
        EXPECT_HERE(visit(Point::stack_alloc) == kActFail);
        int64_t before = now_ns();
        EXPECT_HERE(visit(Point::park_after) == kActNothing);
        EXPECT_HERE(now_ns() - before >= 2'000'000);
        hook_munit();
        EXPECT_HERE(visit(Point::stack_alloc) == kActNothing);
        EXPECT_HERE(visit(Point::stack_alloc) == kActNothing);
        EXPECT_HERE(visit(Point::stack_alloc) == kActNothing);
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
}

// Each action that a point obeys, and each way to say how often; what a row forbids is not done.
TEST_F(ChaosDeathTest, EachActionIsAskedForAsOftenAsTheTermSays) {
  EXPECT_EXIT(
      {
        arm("exitsyscall_running=2*preempt;entersyscall_start=nth(2)stop;stack_alloc=every(2)fail;"
            "park_before=3*yield;entersyscall_end=off;park_after=preempt;exitsyscall_own_p=0%fail");
        hook_minit();
        EXPECT_HERE(hook_may_ask() == (kActPreempt | kActStop | kActFail));
        std::vector<uint64_t> met[4];
        for (int i = 0; i < 5; i++) {
          met[0].push_back(visit(Point::exitsyscall_running));
          met[1].push_back(visit(Point::entersyscall_start));
          met[2].push_back(visit(Point::stack_alloc));
          for (Point quiet : {Point::park_before, Point::entersyscall_end, Point::park_after,
                              Point::exitsyscall_own_p})
            met[3].push_back(visit(quiet));
        }
        EXPECT_HERE((met[0] == std::vector<uint64_t>{kActPreempt, kActPreempt, 0, 0, 0}));
        EXPECT_HERE((met[1] == std::vector<uint64_t>{0, kActStop, 0, 0, 0}));
        EXPECT_HERE((met[2] == std::vector<uint64_t>{0, kActFail, 0, kActFail, 0}));
        EXPECT_HERE(met[3] == std::vector<uint64_t>(20));
        EXPECT_HERE(chaos_counts().fired == 2 + 1 + 2 + 3);
        hook_munit();
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ChaosDeathTest, EachThreadThrowsItsOwnDieTheSameWayEveryTime) {
  EXPECT_EXIT(
      {
        arm("stack_alloc=30%fail", "5");
        std::vector<std::string> met(4);
        for (std::string& text : met) {  // one after the other: numbers in this order
          std::thread([&] {
            hook_minit();
            for (int i = 0; i < 64; i++)
              text += visit(Point::stack_alloc) == kActFail ? 'x' : '.';
            hook_munit();
          }).join();
          fprintf(stderr, "%s\n", text.c_str());
        }
        EXPECT_HERE(met[0] != met[1] && met[1] != met[2]);
        EXPECT_HERE(met[0].find('x') != std::string::npos);
        EXPECT_HERE(chaos_counts().threads == 4);
        _exit(0);
      },
      testing::ExitedWithCode(0), "x\\.\\.\\.\\.\\.x\\.\\.xx\\.x\\.\\.\\.\\.\\.x\\.");
}

TEST_F(ChaosDeathTest, ManyThreadsAtOnce) {
  EXPECT_EXIT(
      {
        arm("stack_alloc=50%fail;park_after=10%yield;retake_before_cas=1%sleep(1us)");
        std::vector<std::thread> threads;
        for (int t = 0; t < 8; t++) {
          threads.emplace_back([] {
            hook_minit();
            for (int i = 0; i < 2000; i++) {
              visit(Point::stack_alloc);
              visit(Point::park_after);
              visit(Point::retake_before_cas);
            }
            hook_munit();
          });
        }
        for (std::thread& thread : threads)
          thread.join();
        EXPECT_HERE(chaos_counts().fired > 7000);
        exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ChaosDeathTest, WithoutAPlanNothingIsArmed) {
  EXPECT_EXIT(
      {
        arm("");
        hook_minit();
        EXPECT_HERE(visit(Point::stack_alloc) == kActNothing);
        EXPECT_HERE(chaos_counts().threads == 0);
        hook_munit();
        _exit(0);
      },
      testing::ExitedWithCode(0), "");
}

TEST_F(ChaosDeathTest, AMalformedPlanIsRefusedInOneLine) {
  EXPECT_EXIT(
      {
        arm("park_after=slep(1us)");
        hook_minit();
        _exit(0);
      },
      testing::ExitedWithCode(2), "^throwsplit: THROWSPLIT_INJECT: column 12: .*sleep");
  EXPECT_EXIT(
      {
        arm("park_after=yield", "seven");
        hook_minit();
        _exit(0);
      },
      testing::ExitedWithCode(2), "THROWSPLIT_INJECT_SEED: expected a number, found 'seven'");
}

}  // namespace
}  // namespace throwsplit::inject
