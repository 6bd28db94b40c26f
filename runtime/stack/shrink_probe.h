// Mapped code for the test and the benchmark of shrinking: goes deep, comes back, waits.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include "runtime/arch/arch.h"
#include "runtime/gmp/gmp.h"
#include "runtime/stack/framemap.h"

// Compiled code in small: shrink_down(depth in rbx) makes frames of 64 bytes and comes back;
// shrink_main then has a frame of 32 bytes
//    0  its own address (points into the stack)
//    8  what lies there: 0x77
//   16  saved rbp, 24 return address
// in which it leaves by mcall for shrink_wait, and counts what it finds changed afterwards.
#define RUNTIME(name) "throwsplit_" THROWSPLIT_TEXT(THROWSPLIT_FLAVOUR) "_" name
extern "C" {
void throwsplit_shrink_main(void*);
extern const char throwsplit_shrink_begin[], throwsplit_shrink_end[];
extern const char throwsplit_shrink_pc_check[], throwsplit_shrink_pc_down[];
extern const char throwsplit_shrink_pc_first[], throwsplit_shrink_pc_wait[];
__attribute__((used)) uint64_t throwsplit_shrink_bad;
__attribute__((used)) throwsplit::McallFn throwsplit_shrink_wait;
}
asm(R"(
        .text
throwsplit_shrink_begin:
throwsplit_shrink_down:
1:      leaq    -56(%rsp), %rax
        cmpq    %fs:0x70, %rax
        ja      2f
        movl    $56, %r10d
        call    )" RUNTIME("morestack_mapped") R"(
throwsplit_shrink_pc_check:
        jmp     1b
2:      subq    $56, %rsp
        decq    %rbx
        jz      3f
        call    throwsplit_shrink_down
throwsplit_shrink_pc_down:
3:      addq    $56, %rsp
        ret
throwsplit_shrink_main:
        pushq   %rbp
        movq    %rsp, %rbp
        subq    $16, %rsp
        movq    %rdi, %rbx
        movq    %rsp, (%rsp)
        movq    $0x77, 8(%rsp)
        call    throwsplit_shrink_down
throwsplit_shrink_pc_first:
        movq    throwsplit_shrink_wait(%rip), %rdi
        call    )" RUNTIME("mcall") R"(
throwsplit_shrink_pc_wait:
        cmpq    %rsp, (%rsp)
        jne     5f
        movq    (%rsp), %rax
        cmpq    $0x77, 8(%rax)
        je      6f
5:      incq    throwsplit_shrink_bad(%rip)
6:      addq    $16, %rsp
        popq    %rbp
        ret
throwsplit_shrink_end:
)");

namespace throwsplit::shrink_probe {

inline uintptr_t address(const char* label) { return reinterpret_cast<uintptr_t>(label); }

inline const uint64_t kMainWords = 1 << 0 | 1 << 2;

inline const FrameMap* shrink_maps() {
  static const FrameMap maps[] = {
      {.pc = address(throwsplit_shrink_pc_check), .bytes = 8},
      {.pc = address(throwsplit_shrink_pc_down), .bytes = 64},
      {.pc = address(throwsplit_shrink_pc_first), .bytes = 32, .stack_words = &kMainWords},
      {.pc = address(throwsplit_shrink_pc_wait), .bytes = 32, .stack_words = &kMainWords},
  };
  return maps;
}

// Null, or why not. From a goroutine; nobody else may be registering.
inline const char* register_probe() {
  return framemaps_add(&this_world().framemaps, {.name = "shrink",
                                                 .begin = address(throwsplit_shrink_begin),
                                                 .end = address(throwsplit_shrink_end),
                                                 .maps = shrink_maps(),
                                                 .count = 4});
}

}  // namespace throwsplit::shrink_probe
