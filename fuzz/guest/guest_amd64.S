// The guest's call: a frame of declared size, entered through a canonical split check.
// SPDX-License-Identifier: Apache-2.0

#include "runtime/arch/layout.h"

// long guest_call(size_t frame_bytes, GuestFrameFn fn, void* arg, uint32_t grown_bytes)
// Checks, makes a frame of frame_bytes (a multiple of 16), calls fn(frame, frame_bytes, arg) on it.
        .text
        .globl  SYM(guest_call)
        .type   SYM(guest_call), @function
        .p2align 4
SYM(guest_call):
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        subq    $8, %rsp
        .cfi_offset rbx, -24
        .cfi_offset r12, -32
        .cfi_offset r13, -40
        movq    %rdi, %rbx
        movq    %rsi, %r12
        movq    %rdx, %r13
        movl    %ecx, %edi
        call    SYM(guest_check)
        subq    %rbx, %rsp
        movq    %rsp, %rdi
        movq    %rbx, %rsi
        movq    %r13, %rdx
        call    *%r12
        leaq    -24(%rbp), %rsp
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc
        .size   SYM(guest_call), . - SYM(guest_call)

        .section .note.GNU-stack,"",@progbits
