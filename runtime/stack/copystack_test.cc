// Broken if this fails: a stack that moved holds a stale pointer, or a word that was none changed.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include "runtime/stack/copystack.h"

#include <gtest/gtest.h>

#include <cstring>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/pool.h"
#include "runtime/stack/stack.h"

// Compiled code in small: probe_down(depth in rbx) makes a frame of 64 bytes,
//    0  the address of word 1         (points into the stack)
//    8  the depth
//   16  the address of the caller's word 1, or null at the bottom (points into the stack)
//   24  the frame's own address as a number: a decoy that no move may touch
//   32  its complement
//   40  nothing
//   48  saved rbp, 56 return address
// calls itself, or at the deepest place probe_deepest on the system stack, and verifies each frame
// on its way back. probe_main sets it going.
#define RUNTIME(name) "throwsplit_" THROWSPLIT_TEXT(THROWSPLIT_FLAVOUR) "_" name
extern "C" {
void throwsplit_probe_main(void*);
extern const char throwsplit_probe_begin[], throwsplit_probe_end[];
extern const char throwsplit_probe_pc_check[], throwsplit_probe_pc_down[];
extern const char throwsplit_probe_pc_deepest[], throwsplit_probe_pc_main[];
__attribute__((used)) uint64_t throwsplit_probe_bad;
__attribute__((used)) void (*throwsplit_probe_fn)(void*);
}
asm(R"(
        .text
throwsplit_probe_begin:
throwsplit_probe_down:
1:      leaq    -56(%rsp), %rax
        cmpq    %fs:0x70, %rax
        ja      2f
        movl    $56, %r10d
        call    )" RUNTIME("morestack_mapped") R"(
throwsplit_probe_pc_check:
        jmp     1b
2:      pushq   %rbp
        movq    %rsp, %rbp
        subq    $48, %rsp
        leaq    8(%rsp), %rax
        movq    %rax, 0(%rsp)
        movq    %rbx, 8(%rsp)
        movq    (%rbp), %rax
        testq   %rax, %rax
        jz      3f
        subq    $40, %rax
3:      movq    %rax, 16(%rsp)
        movq    %rsp, 24(%rsp)
        movq    %rsp, %rax
        notq    %rax
        movq    %rax, 32(%rsp)
        decq    %rbx
        jz      4f
        call    throwsplit_probe_down
throwsplit_probe_pc_down:
        jmp     5f
4:      movq    throwsplit_probe_fn(%rip), %rdi
        leaq    40(%rsp), %rsi
        call    )" RUNTIME("systemstack") R"(
throwsplit_probe_pc_deepest:
5:      leaq    8(%rsp), %rax
        cmpq    %rax, 0(%rsp)
        jne     7f
        incq    %rbx
        cmpq    %rbx, 8(%rsp)
        jne     7f
        movq    (%rbp), %rax
        testq   %rax, %rax
        jz      6f
        subq    $40, %rax
        movq    16(%rsp), %rcx
        cmpq    %rax, %rcx
        jne     7f
        leaq    1(%rbx), %rdx
        cmpq    %rdx, (%rcx)
        jne     7f
6:      movq    24(%rsp), %rax
        notq    %rax
        cmpq    %rax, 32(%rsp)
        je      8f
7:      incq    throwsplit_probe_bad(%rip)
8:      addq    $48, %rsp
        popq    %rbp
        ret
throwsplit_probe_main:
        movq    %rdi, %rbx
        call    throwsplit_probe_down
throwsplit_probe_pc_main:
        ret
throwsplit_probe_end:
)");

namespace throwsplit {
namespace {

uintptr_t address(const char* label) { return reinterpret_cast<uintptr_t>(label); }

// Words 0 and 2, and the saved rbp.
const uint64_t kStackWords = 1 << 0 | 1 << 2 | 1 << 6;

const FrameMap* probe_maps() {
  static const FrameMap maps[] = {
      {.pc = address(throwsplit_probe_pc_check), .bytes = 8},
      {.pc = address(throwsplit_probe_pc_down), .bytes = 64, .stack_words = &kStackWords},
      {.pc = address(throwsplit_probe_pc_deepest), .bytes = 64, .stack_words = &kStackWords},
      {.pc = address(throwsplit_probe_pc_main), .bytes = 8},
  };
  return maps;
}

struct Seen {
  size_t bytes = 0;         // of the stack at its deepest
  uintptr_t used = 0;       // the same
  bool quarantine = false;  // intact
  int times = 0;
} seen;

void look(void*) {
  G* gp = getg()->m->curg.peek();
  seen.bytes = mapped_bytes(gp->stack);
  seen.used = gp->stack.hi - gp->sched.sp;
  seen.quarantine = stackpool_verify(this_world().stackpool);
  seen.times++;
}

void start(uint64_t depth, void (*fn)(void*)) {
  ASSERT_EQ(register_frames({.name = "probe",
                             .begin = address(throwsplit_probe_begin),
                             .end = address(throwsplit_probe_end),
                             .maps = probe_maps(),
                             .count = 4}),
            nullptr);
  throwsplit_probe_bad = 0;
  throwsplit_probe_fn = fn;
  seen = Seen();
  ASSERT_TRUE(go_mapped(throwsplit_probe_main, reinterpret_cast<void*>(depth)));
}

Config procs(uint32_t count) {
  Config config;
  config.procs = count;
  return config;
}

TEST(CopyStack, AFreshStackHasTwoKiB) {
  ASSERT_EQ(run(procs(1), [] { start(1, look); }), nullptr);
  EXPECT_EQ(seen.times, 1);
  EXPECT_EQ(seen.bytes, kMappedBytesStart);
  EXPECT_EQ(throwsplit_probe_bad, 0u);
}

TEST(CopyStack, GrowsByMovingAndLeavesNoStalePointer) {
  for (uint64_t depth : {20, 40, 100, 1000, 16000}) {
    ASSERT_EQ(run(procs(2), [depth] { start(depth, look); }), nullptr);
    EXPECT_EQ(seen.times, 1);
    EXPECT_EQ(throwsplit_probe_bad, 0u) << depth;
    EXPECT_TRUE(seen.quarantine);
    EXPECT_GT(seen.used, depth * 64);
    size_t bytes = kMappedBytesStart;
    while (bytes <= depth * 64 + 24)
      bytes *= 2;
    EXPECT_EQ(seen.bytes, bytes) << "neither a frame too early nor too late";
  }
}

// Moves that nobody needed, between any two of which every frame is as it was.
void move_often(void* slot) {
  G* gp = getg()->m->curg.peek();
  const uintptr_t below = gp->stack.hi - reinterpret_cast<uintptr_t>(slot);
  uint64_t value = 0x1234;
  memcpy(slot, &value, sizeof value);
  StackRef ref;
  stackref_add(gp, &ref, reinterpret_cast<uintptr_t>(slot));
  uintptr_t left[StackPool::kQuarantined] = {};  // the last so many
  for (int i = 0; i < 100; i++) {
    left[static_cast<uint32_t>(i) % StackPool::kQuarantined] = gp->stack.base;
    copystack(gp, mapped_bytes(gp->stack));
    gp->stackguard0.store<relaxed>(stack_guard(gp));
    for (const uintptr_t base : left)
      EXPECT_NE(gp->stack.base, base) << "used again too early";
    EXPECT_EQ(ref.slot, gp->stack.hi - below);
    EXPECT_GE(gp->sched.sp, gp->stack.lo);
    EXPECT_LT(gp->sched.bp, gp->stack.hi);
    EXPECT_GE(gp->sched.bp, gp->stack.lo);
    memcpy(&value, reinterpret_cast<void*>(ref.slot), sizeof value);
    EXPECT_EQ(value, 0x1234u + static_cast<uint64_t>(i));
    value++;
    EXPECT_TRUE(stackref_write(gp, &ref, &value, sizeof value));
    EXPECT_TRUE(stackpool_verify(this_world().stackpool));
  }
  stackref_remove(gp, &ref);
  EXPECT_FALSE(stackref_write(gp, &ref, &value, sizeof value));
  seen.times++;
}

TEST(CopyStack, MovesWhereverItIsAskedToAndTakesLentSlotsAlong) {
  ASSERT_EQ(run(procs(1), [] { start(50, move_often); }), nullptr);
  EXPECT_EQ(seen.times, 1);
  EXPECT_EQ(throwsplit_probe_bad, 0u);
}

// A word left out of a map must show: the test could not fail otherwise.
TEST(CopyStack, AMapThatForgetsAWordIsSeen) {
  static const uint64_t forgetful = kStackWords & ~uint64_t{1 << 2};
  ASSERT_EQ(run(procs(1),
                [] {
                  static FrameMap maps[4];
                  for (int i = 0; i < 4; i++) {
                    maps[i] = probe_maps()[i];
                    if (maps[i].bytes == 64) maps[i].stack_words = &forgetful;
                  }
                  ASSERT_EQ(register_frames({.name = "probe",
                                             .begin = address(throwsplit_probe_begin),
                                             .end = address(throwsplit_probe_end),
                                             .maps = maps,
                                             .count = 4}),
                            nullptr);
                  throwsplit_probe_bad = 0;
                  throwsplit_probe_fn = look;
                  ASSERT_TRUE(go_mapped(throwsplit_probe_main, reinterpret_cast<void*>(100)));
                }),
            nullptr);
  EXPECT_GT(throwsplit_probe_bad, 0u);
}

// Many at once, on several threads, asked to give way all the while.
TEST(CopyStack, HoldsUnderPreemption) {
  ASSERT_EQ(
      run(procs(4),
          [] {
            start(3000, [](void*) {});
            for (uint64_t i = 0; i < 63; i++)
              ASSERT_TRUE(go_mapped(throwsplit_probe_main, reinterpret_cast<void*>(100 + 50 * i)));
            for (int i = 0; i < 50; i++) {
              stop_the_world([](void*) {}, nullptr);
              yield();
            }
          }),
      nullptr);
  EXPECT_EQ(throwsplit_probe_bad, 0u);
}

}  // namespace
}  // namespace throwsplit
