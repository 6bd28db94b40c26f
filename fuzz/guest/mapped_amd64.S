// The guest's mapped code: a frame a size, which asks C++ what to do next and does it itself.
// SPDX-License-Identifier: Apache-2.0
//
// A compiler's output in small. Each class of frame is a function of its own, with return addresses
// of its own, so that a map can say what its words are. Between two frames there is nothing of C++:
// decisions are made on the system stack; calls, returns, checks and system calls are made here, on
// the goroutine's own stack. %rbx holds the GuestGoroutine throughout; no register but %rbp points
// into the stack at a call.

#include "fuzz/guest/mapped_layout.h"
#include "runtime/arch/layout.h"

        .text
        .globl  guest_mapped_begin
        .globl  guest_mapped_end
guest_mapped_begin:

// The function of a mapped goroutine: %rdi the GuestGoroutine. It makes no frame of its own.
        .globl  guest_mapped_main
        .type   guest_mapped_main, @function
        .p2align 4
guest_mapped_main:
        .cfi_startproc
        movq    %rdi, %rbx
        jmp     guest_frame_256
        .cfi_endproc
        .size   guest_mapped_main, . - guest_mapped_main

// A row of the table: where the frame begins, what returns to it, its size, its payload.
        .macro  FRAME payload
        .set    frame_bytes, \payload + GUEST_OVERHEAD
        .type   guest_frame_\payload, @function
        .p2align 4
guest_frame_\payload:
        .cfi_startproc
        subq    $8, %rsp                        // a multiple of 16 below us
        .cfi_adjust_cfa_offset 8
        call    SYM(check_mapped)
1:      leaq    -(frame_bytes - 16)(%rsp), %rax
        cmpq    %fs:GUARD_SLOT, %rax
        ja      2f
        movl    $(frame_bytes - 16), %r10d
        call    SYM(morestack_mapped)
guest_entry_\payload:
        jmp     1b
2:      call    SYM(check_mapped_passed)
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register rbp
        subq    $(frame_bytes - 16), %rsp
3:      leaq    guest_mapped_next(%rip), %rdi
        movq    %rbx, %rsi
        call    SYM(systemstack)
guest_next_\payload:
        cmpq    $CMD_CHECK, CMD_WHAT(%rbx)
        je      4f
        ja      6f
        movq    CMD_ARGUMENTS + 0(%rbx), %rdi
        movq    CMD_ARGUMENTS + 8(%rbx), %rsi
        movq    CMD_ARGUMENTS + 16(%rbx), %rdx
        movq    CMD_ARGUMENTS + 24(%rbx), %rcx
        movq    CMD_ARGUMENTS + 32(%rbx), %r8
        movq    CMD_ARGUMENTS + 40(%rbx), %r9
        call    *CMD_TARGET(%rbx)               // word 0 of the frame is a seventh argument: 0
guest_called_\payload:
        movq    %rax, CMD_RESULT(%rbx)
        jmp     3b
4:      call    SYM(check_mapped)
        cmpq    %fs:GUARD_SLOT, %rsp
        ja      5f
        // No frame is to be made, so there is nothing to check again; while the M is held a request
        // that has to wait would trip for ever.
        xorl    %r10d, %r10d
        call    SYM(morestack_mapped)
guest_checked_\payload:
        jmp     3b
5:      call    SYM(check_mapped_passed)
        jmp     3b
6:      movq    %rbp, %rsp
        popq    %rbp
        .cfi_def_cfa rsp, 8
        ret
        .cfi_endproc
        .size   guest_frame_\payload, . - guest_frame_\payload

        .pushsection .data.rel.ro, "aw"
        .quad   guest_frame_\payload
        .quad   guest_entry_\payload
        .quad   guest_next_\payload
        .quad   guest_called_\payload
        .quad   guest_checked_\payload
        .quad   frame_bytes
        .quad   \payload
        .popsection
        .endm

        .pushsection .data.rel.ro, "aw"
        .globl  guest_mapped_frames
        .p2align 3
guest_mapped_frames:
        .popsection

        .irp    payload, 32, 48, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320, 384, 448, 512, \
                640, 768, 896, 1024, 1280, 1536, 1792, 2048, 2560, 3072, 3584, 4096, 5120, 6144, \
                7168, 8192, 10240, 12288, 14336, 16384, 20480, 24576, 28672, 32768, 40960, 49152, \
                57344, 65536
        FRAME   \payload
        .endr

guest_mapped_end:
        nop
        .pushsection .data.rel.ro, "aw"
        .globl  guest_mapped_frames_end
guest_mapped_frames_end:
        .popsection

        .section .note.GNU-stack,"",@progbits
