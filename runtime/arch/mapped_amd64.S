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

        .section .note.GNU-stack,"",@progbits
