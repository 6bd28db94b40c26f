// Where mapped code begins, and where its checks go: no frame of ours is left on its stack.
// SPDX-License-Identifier: Apache-2.0
//
// Both leave by mcall with nothing pushed but what mcall saves, so that a walk finds the six saved
// registers, then the return address into mapped code, which has a map.

#include "runtime/arch/layout.h"

        .text

// First instruction of a mapped goroutine: %r12 the function, %r13 its argument.
        .globl  SYM(gostart_mapped)
        .type   SYM(gostart_mapped), @function
        .globl  SYM(gostart_mapped_bottom)
        .p2align 4
SYM(gostart_mapped):
        .cfi_startproc
        .cfi_undefined rip
        xorl    %ebp, %ebp
        movq    %r13, %rdi
        call    *%r12
SYM(gostart_mapped_bottom):
        leaq    SYM(goexit_mapped)(%rip), %rdi
        call    SYM(mcall)
        ud2                                     // the goroutine has ended
        .cfi_endproc
        .size   SYM(gostart_mapped), . - SYM(gostart_mapped)

// In: %r10d bytes of the frame. The caller has made none yet: above our return address is its own.
        .globl  SYM(morestack_mapped)
        .type   SYM(morestack_mapped), @function
        .p2align 4
SYM(morestack_mapped):
        .cfi_startproc
        movq    %fs:SYM(tls)@tpoff + TLS_G, %rax
        movq    G_M(%rax), %rcx
        movl    %r10d, %r10d
        movq    %r10, M_SCALARARG(%rcx)
        leaq    8(%rsp), %rax
        movq    %rax, M_SCALARARG + 8(%rcx)
        leaq    SYM(newstack_mapped)(%rip), %rdi
        jmp     SYM(mcall)
        .cfi_endproc
        .size   SYM(morestack_mapped), . - SYM(morestack_mapped)

// long Callback(void (*foreign)(void*), void* slot, void (*body)(void*), void* arg)
// Foreign code that calls back: a system call in which foreign(slot) runs on the system stack; out
// of it for body(arg), which is mapped code and may grow and move; into it once more and out of it.
// What enters after the body is made of %rbp, which a move adjusts: a pc, sp or bp kept as a number
// across the body would name the stack that was left (GB-57).
        .globl  SYM(Callback)
        .type   SYM(Callback), @function
        .globl  SYM(Callback_foreign)
        .globl  SYM(Callback_body)
        .globl  SYM(Callback_foreign_again)
        .globl  SYM(Callback_end)

        .macro  CALL_FOREIGN label
        movq    8(%rbp), %rdi                   // the caller's pc, sp and bp
        leaq    16(%rbp), %rsi
        movq    (%rbp), %rdx
        call    SYM(entersyscall)
        movq    0(%rsp), %rdi
        movq    8(%rsp), %rsi
        call    SYM(systemstack)
\label:
        call    SYM(exitsyscall)
        .endm

        .p2align 4
SYM(Callback):
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register rbp
        pushq   %rbx                            // for a collector to see, as in the stub of a
        pushq   %r12                            // system call
        pushq   %r13
        pushq   %r14
        pushq   %r15
        subq    $40, %rsp
        movq    %rdi, 0(%rsp)
        movq    %rsi, 8(%rsp)                   // points into the stack, as its map says
        movq    %rdx, 16(%rsp)
        movq    %rcx, 24(%rsp)
        CALL_FOREIGN SYM(Callback_foreign)
        movq    24(%rsp), %rdi
        call    *16(%rsp)
SYM(Callback_body):
        CALL_FOREIGN SYM(Callback_foreign_again)
        xorl    %eax, %eax
        movq    %rbp, %rsp
        popq    %rbp
        .cfi_def_cfa rsp, 8
        ret
SYM(Callback_end):
        .cfi_endproc
        .size   SYM(Callback), . - SYM(Callback)

        .section .note.GNU-stack,"",@progbits
