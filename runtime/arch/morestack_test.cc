// Broken if this fails: a tripped check loses a register that carries an argument.
// SPDX-License-Identifier: Apache-2.0
// flavours: plain chaos
#include <gtest/gtest.h>
#include <immintrin.h>
#include <stdio.h>

#include <cstddef>
#include <cstring>

#include "runtime/arch/arch.h"
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

// probe_run loads every register that can carry an argument, and every callee-saved one, from
// probe_in and calls probe_checked, whose prologue is what a compiler writes; the body stores what
// arrived in probe_out.
struct Probe {
  uint64_t argument[7];  // rax rdi rsi rdx rcx r8 r9
  uint64_t saved[6];     // rbx rbp r12 r13 r14 r15
  uint64_t padding[3];
  uint8_t vector[8][64];
};
static_assert(offsetof(Probe, saved) == 56 && offsetof(Probe, vector) == 128);

extern "C" {
alignas(64) Probe throwsplit_probe_in;
alignas(64) Probe throwsplit_probe_out;
uint8_t throwsplit_probe_level;
NOSPLIT void throwsplit_probe_run();
}

asm(R"(
        .macro  PROBE_VECTORS store, base
        cmpb    $1, throwsplit_probe_level(%rip)
        ja      3f
        je      2f
        .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        .if     \store
        movups  %xmm\n, \base+128+64*\n(%rip)
        .else
        movups  \base+128+64*\n(%rip), %xmm\n
        .endif
        .endr
        jmp     4f
2:      .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        .if     \store
        vmovups %ymm\n, \base+128+64*\n(%rip)
        .else
        vmovups \base+128+64*\n(%rip), %ymm\n
        .endif
        .endr
        jmp     4f
3:      .irp    n, 0, 1, 2, 3, 4, 5, 6, 7
        .if     \store
        vmovups %zmm\n, \base+128+64*\n(%rip)
        .else
        vmovups \base+128+64*\n(%rip), %zmm\n
        .endif
        .endr
4:
        .endm

        .text
        .type   throwsplit_probe_checked, @function
throwsplit_probe_checked:
        cmpq    %fs:0x70, %rsp
        jbe     8f
9:      movq    %rax, throwsplit_probe_out+0(%rip)
        movq    %rdi, throwsplit_probe_out+8(%rip)
        movq    %rsi, throwsplit_probe_out+16(%rip)
        movq    %rdx, throwsplit_probe_out+24(%rip)
        movq    %rcx, throwsplit_probe_out+32(%rip)
        movq    %r8, throwsplit_probe_out+40(%rip)
        movq    %r9, throwsplit_probe_out+48(%rip)
        movq    %rbx, throwsplit_probe_out+56(%rip)
        movq    %rbp, throwsplit_probe_out+64(%rip)
        movq    %r12, throwsplit_probe_out+72(%rip)
        movq    %r13, throwsplit_probe_out+80(%rip)
        movq    %r14, throwsplit_probe_out+88(%rip)
        movq    %r15, throwsplit_probe_out+96(%rip)
        PROBE_VECTORS 1, throwsplit_probe_out
        ret
8:      movl    $8, %r10d
        movl    $0, %r11d
        callq   __morestack
        ret
        jmp     9b
        .size   throwsplit_probe_checked, . - throwsplit_probe_checked

        .globl  throwsplit_probe_run
        .type   throwsplit_probe_run, @function
throwsplit_probe_run:
        pushq   %rbx
        pushq   %rbp
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        subq    $8, %rsp
        PROBE_VECTORS 0, throwsplit_probe_in
        movq    throwsplit_probe_in+0(%rip), %rax
        movq    throwsplit_probe_in+8(%rip), %rdi
        movq    throwsplit_probe_in+16(%rip), %rsi
        movq    throwsplit_probe_in+24(%rip), %rdx
        movq    throwsplit_probe_in+32(%rip), %rcx
        movq    throwsplit_probe_in+40(%rip), %r8
        movq    throwsplit_probe_in+48(%rip), %r9
        movq    throwsplit_probe_in+56(%rip), %rbx
        movq    throwsplit_probe_in+64(%rip), %rbp
        movq    throwsplit_probe_in+72(%rip), %r12
        movq    throwsplit_probe_in+80(%rip), %r13
        movq    throwsplit_probe_in+88(%rip), %r14
        movq    throwsplit_probe_in+96(%rip), %r15
        callq   throwsplit_probe_checked
        addq    $8, %rsp
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbp
        popq    %rbx
        ret
        .size   throwsplit_probe_run, . - throwsplit_probe_run
)");

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

// Starts a goroutine that leaves nothing of its predecessor in the vector registers.
void start_clobberer(int* ran) {
  ASSERT_TRUE(go([ran] {
    ++*ran;
    if (vector_level == 2) {
      asm volatile(
          "vpternlogd $255, %%zmm0, %%zmm0, %%zmm0\n\t vmovaps %%zmm0, %%zmm1\n\t"
          "vmovaps %%zmm0, %%zmm2\n\t vmovaps %%zmm0, %%zmm3\n\t"
          "vmovaps %%zmm0, %%zmm4\n\t vmovaps %%zmm0, %%zmm5\n\t"
          "vmovaps %%zmm0, %%zmm6\n\t vmovaps %%zmm0, %%zmm7"
          :
          :
          : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
    }
    asm volatile(
        "pcmpeqd %%xmm0, %%xmm0\n\t movaps %%xmm0, %%xmm1\n\t movaps %%xmm0, %%xmm2\n\t"
        "movaps %%xmm0, %%xmm3\n\t movaps %%xmm0, %%xmm4\n\t movaps %%xmm0, %%xmm5\n\t"
        "movaps %%xmm0, %%xmm6\n\t movaps %%xmm0, %%xmm7"
        :
        :
        : "xmm0", "xmm1", "xmm2", "xmm3", "xmm4", "xmm5", "xmm6", "xmm7");
  }));
}

TEST(Morestack, PreservesEveryArgumentRegister) {
  ASSERT_EQ(run(procs(1),
                [] {
                  const uint8_t machine = vector_level;
                  for (uint8_t level = 0; level <= machine; level++) {
                    auto* bytes = reinterpret_cast<uint8_t*>(&throwsplit_probe_in);
                    for (size_t i = 0; i < sizeof(Probe); i++)
                      bytes[i] = static_cast<uint8_t>(i * 37 + level + 1);
                    memset(&throwsplit_probe_out, 0, sizeof throwsplit_probe_out);
                    int ran = 0;
                    start_clobberer(&ran);
                    vector_level = throwsplit_probe_level = level;
                    trip_next_check();
                    throwsplit_probe_run();
                    vector_level = machine;
                    EXPECT_EQ(ran, 1) << "the check did not give way";
                    for (int i = 0; i < 7; i++) {
                      EXPECT_EQ(throwsplit_probe_out.argument[i], throwsplit_probe_in.argument[i])
                          << "argument register " << i;
                    }
                    for (int i = 0; i < 6; i++) {
                      EXPECT_EQ(throwsplit_probe_out.saved[i], throwsplit_probe_in.saved[i])
                          << "callee-saved register " << i;
                    }
                    for (int i = 0; i < 8; i++) {
                      EXPECT_EQ(memcmp(throwsplit_probe_out.vector[i],
                                       throwsplit_probe_in.vector[i], size_t{16} << level),
                                0)
                          << "vector register " << i << " at level " << int{level};
                    }
                  }
                }),
            nullptr);
}

NOINLINE __attribute__((target("avx512f"))) double sum_of_vectors(__m512d a, __m512d b, __m512d c) {
  alignas(64) double lanes[24];
  _mm512_store_pd(lanes, a);
  _mm512_store_pd(lanes + 8, b);
  _mm512_store_pd(lanes + 16, c);
  asm volatile("" : : "r"(lanes) : "memory");
  double sum = 0;
  for (int i = 0; i < 24; i++)
    sum += lanes[i] * (i + 1);
  return sum;
}

NOINLINE __attribute__((target("avx512f"))) void call_with_vectors() {
  double a[8], b[8], c[8];
  double expected = 0;
  for (int i = 0; i < 8; i++) {
    a[i] = 1.5 * i;
    b[i] = 2.25 * i;
    c[i] = -7.0 * i;
  }
  for (int i = 0; i < 8; i++)
    expected += a[i] * (i + 1) + b[i] * (i + 9) + c[i] * (i + 17);
  int ran = 0;
  start_clobberer(&ran);
  trip_next_check();
  double sum = sum_of_vectors(_mm512_loadu_pd(a), _mm512_loadu_pd(b), _mm512_loadu_pd(c));
  EXPECT_EQ(ran, 1);
  EXPECT_DOUBLE_EQ(sum, expected);
}

TEST(Morestack, PreservesVectorsOf512BitsThroughACompilersPrologue) {
  if (!__builtin_cpu_supports("avx512f")) GTEST_SKIP() << "this machine has no AVX-512";
  ASSERT_EQ(run(procs(1), [] { call_with_vectors(); }), nullptr);
}

NOINLINE long many_arguments(int i1, long i2, short i3, char i4, long i5, int i6, long i7, long i8,
                             int i9, double d1, float d2, double d3, double d4, double d5,
                             double d6, double d7, double d8, double d9, double d10) {
  double doubles[] = {d1, double{d2}, d3, d4, d5, d6, d7, d8, d9, d10};
  long longs[] = {i1, i2, i3, i4, i5, i6, i7, i8, i9};
  asm volatile("" : : "r"(doubles), "r"(longs) : "memory");
  long sum = 0;
  for (int i = 0; i < 9; i++)
    sum += longs[i] * (i + 1);
  for (int i = 0; i < 10; i++)
    sum += static_cast<long>(doubles[i] * (i + 10));
  return sum;
}

TEST(Morestack, PreservesArgumentsOnTheStack) {
  ASSERT_EQ(run(procs(1),
                [] {
                  int ran = 0;
                  start_clobberer(&ran);
                  trip_next_check();
                  long sum = many_arguments(1, 2, 3, 4, 5, 6, 7, 8, 9, 10, 11, 12, 13, 14, 15, 16,
                                            17, 18, 19);
                  EXPECT_EQ(ran, 1);
                  long expected = 0;
                  for (int i = 0; i < 9; i++)
                    expected += (i + 1) * (i + 1);
                  for (int i = 0; i < 10; i++)
                    expected += (i + 10) * (i + 10);
                  EXPECT_EQ(sum, expected);
                }),
            nullptr);
}

TEST(Morestack, VariadicLibraryCallsWorkOnASmallStack) {
  ASSERT_EQ(run(procs(1),
                [] {
                  char text[128];
                  preempt_self(getg());
                  snprintf(text, sizeof text, "%d %s %.2f %ld %.1f %c %g %g %g %g %g %g %g %g", 1,
                           "two", 3.25, 4L, 5.5, '6', 7.0, 8.0, 9.0, 10.0, 11.0, 12.0, 13.0, 14.0);
                  EXPECT_STREQ(text, "1 two 3.25 4 5.5 6 7 8 9 10 11 12 13 14");
                }),
            nullptr);
}

}  // namespace
}  // namespace throwsplit
