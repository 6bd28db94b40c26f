// Every instruction that changes stacks: gogo, mcall, systemstack, __morestack, the hook entry.
// SPDX-License-Identifier: Apache-2.0
//
// Length: stacks change in few routines, and who changes one reads all of them.
//
// Rules of this file.
//  - Whoever changes %rsp from one stack to another changes %fs:GUARD_SLOT in the same routine.
//  - A saved stack looks the same whoever saved it: r15 r14 r13 r12 rbx rbp, return address,
//    upwards from sched.sp. Hook contexts have two words more below: the running G, then the slot.
//  - In sanitizer builds leave/arrive helpers are called right before and right after the change.
//    Between the two nothing instrumented runs.

#include "runtime/arch/layout.h"

#if THROWSPLIT_ASAN || THROWSPLIT_TSAN
#define SANITIZED 1
#endif

#define FS_G %fs:SYM(tls)@tpoff + TLS_G
#define FS_HOOK %fs:SYM(tls)@tpoff + TLS_HOOK
#define FS_SLOT %fs:GUARD_SLOT

        .section .tbss,"awT",@nobits
        .globl  SYM(tls)
        .type   SYM(tls), @object
        .size   SYM(tls), TLS_BYTES
        .balign 16
SYM(tls):
        .zero   TLS_BYTES

        .data
        .globl  SYM(vector_level)
        .type   SYM(vector_level), @object
        .size   SYM(vector_level), 1
SYM(vector_level):
        .byte   0

// The budgets of this very build, for who reads the binary (runtime/nosplit).
        .macro  NUMBER name, value
        .globl  \name; .set \name, \value
        .endm
        NUMBER  SYM(StackSmall), StackSmall
        NUMBER  SYM(StackReserve), StackReserve
        NUMBER  SYM(StackNosplit), StackNosplit
        NUMBER  SYM(StackCheck), StackCheck

        .text

#define FUNCTION(name) \
        .globl  name; .type name, @function; .p2align 4; name: .cfi_startproc
#define END(name) \
        .cfi_endproc; .size name, . - name

        .macro  SAVE_REGISTERS
        pushq   %rbp
        pushq   %rbx
        pushq   %r12
        pushq   %r13
        pushq   %r14
        pushq   %r15
        .cfi_adjust_cfa_offset 48
        .endm

        .macro  RESTORE_REGISTERS
        popq    %r15
        popq    %r14
        popq    %r13
        popq    %r12
        popq    %rbx
        popq    %rbp
        .cfi_adjust_cfa_offset -48
        .endm

// %rsp is 8 below a multiple of 16 at each use of these two, as after SAVE_REGISTERS.
        .macro  SAN_LEAVE from, to
#ifdef SANITIZED
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        movq    \from, %rdi
        movq    \to, %rsi
        call    SYM(san_leave)
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
#endif
        .endm

        .macro  SAN_ARRIVE to, from
#ifdef SANITIZED
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        movq    \to, %rdi
        movq    \from, %rsi
        call    SYM(san_arrive)
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
#endif
        .endm

FUNCTION(SYM(getg))
        movq    FS_G, %rax
        ret
END(SYM(getg))

FUNCTION(SYM(setg))
        movq    %rdi, FS_G
        ret
END(SYM(setg))

FUNCTION(SYM(set_hook_context))
        movq    %rdi, FS_HOOK
        ret
END(SYM(set_hook_context))

// Was the goroutine asked to give way while its slot was being written? While its M holds locks it
// may not, and would only trip over every check: whoever drops the last one asks again (repoison).
        .macro  REREAD g
        cmpl    $0, G_PREEMPT(\g)
        je      9f
        movq    G_M(\g), %rax
        cmpl    $0, M_LOCKS(%rax)
        jne     9f
        movq    $StackPreempt, FS_SLOT
9:
        .endm

// McallFn gogo(G* gp, uintptr_t guard)
FUNCTION(SYM(gogo))
        SAVE_REGISTERS
        movq    FS_G, %rbx                      // g0
        movq    %rdi, %r12
        movq    %rsi, %r13
        movq    %rsp, G_SCHED_SP(%rbx)
#ifdef SANITIZED
        leaq    G_SAN(%rbx), %r14
        leaq    G_SAN(%r12), %r15
        SAN_LEAVE %r14, %r15
#endif
        movq    %r12, FS_G
        movq    G_SCHED_SP(%r12), %rsp
        xchgq   %r13, FS_SLOT                   // write, and a full fence
        REREAD  %r12
        SAN_ARRIVE %r15, %r14
        RESTORE_REGISTERS
        ret
END(SYM(gogo))

// void mcall(McallFn fn)
FUNCTION(SYM(mcall))
        SAVE_REGISTERS
        movq    FS_G, %rbx
        movq    %rdi, %r12
        movq    48(%rsp), %rax
        movq    %rax, G_SCHED_PC(%rbx)
        movq    %rsp, G_SCHED_SP(%rbx)
        movq    %rbp, G_SCHED_BP(%rbx)
        movq    G_M(%rbx), %rcx
        movq    M_G0(%rcx), %r13
#ifdef SANITIZED
        leaq    G_SAN(%rbx), %r14
        leaq    G_SAN(%r13), %r15
        SAN_LEAVE %r14, %r15
#endif
        movq    %r13, FS_G
        movq    G_SCHED_SP(%r13), %rsp
        movq    G_STACKGUARD0(%r13), %rax
        movq    %rax, FS_SLOT
        SAN_ARRIVE %r15, %r14
        movq    %r12, %rax                      // what gogo returns on g0
        RESTORE_REGISTERS
        ret
END(SYM(mcall))

// void systemstack(void (*fn)(void*), void* arg)
FUNCTION(SYM(systemstack))
        movq    FS_G, %rax
        movq    G_M(%rax), %rcx
        cmpq    M_G0(%rcx), %rax
        jne     1f
        movq    %rdi, %rax                      // already there
        movq    %rsi, %rdi
        jmpq    *%rax
1:
        SAVE_REGISTERS
        movq    %rax, %rbx                      // the goroutine
        movq    M_G0(%rcx), %r12                // its M's g0
        movq    %rdi, %r13
        movq    %rsi, %rbp
        movq    48(%rsp), %rax
        movq    %rax, G_SCHED_PC(%rbx)
        movq    %rsp, G_SCHED_SP(%rbx)
        movq    40(%rsp), %rax                  // the caller's %rbp
        movq    %rax, G_SCHED_BP(%rbx)
#ifdef SANITIZED
        leaq    G_SAN(%rbx), %r14
        leaq    G_SAN(%r12), %r15
        SAN_LEAVE %r14, %r15
#endif
        movq    %r12, FS_G
        movq    G_SCHED_SP(%r12), %rsp
        movq    G_STACKGUARD0(%r12), %rax
        movq    %rax, FS_SLOT
        SAN_ARRIVE %r15, %r14
        subq    $8, %rsp
        movq    %rbp, %rdi
        movq    40(%rsp), %rbp                  // gogo's frame on g0: keep the chain whole
        call    *%r13
        addq    $8, %rsp
        // Back: the goroutine's stack may have moved, so its place is read afresh.
        SAN_LEAVE %r15, %r14
        movq    %rbx, FS_G
        movq    G_SCHED_SP(%rbx), %rsp
        movq    G_STACKGUARD0(%rbx), %rax
        xchgq   %rax, FS_SLOT
        REREAD  %rbx
        SAN_ARRIVE %r14, %r15
        RESTORE_REGISTERS
        ret
END(SYM(systemstack))

// First instruction of a goroutine: %r12 the function, %r13 its argument.
        .globl  SYM(gostart)
        .type   SYM(gostart), @function
SYM(gostart):
        .cfi_startproc
        .cfi_undefined rip
        xorl    %ebp, %ebp
        movq    %r13, %rdi
        call    *%r12
        ud2                                     // the function gave the stack up through mcall
        .cfi_endproc
        .size   SYM(gostart), . - SYM(gostart)

// Called by a prologue whose check tripped. In: %r10 bytes of its frame, %r11 bytes of its stack
// arguments, every argument register live, %rax too (a variadic call's count of vector arguments).
// The return address points at a one-byte ret; the body starts behind it.
        .globl  __morestack
        .type   __morestack, @function
        .globl  __morestack_non_split
        .type   __morestack_non_split, @function
        .p2align 4
__morestack_non_split:
__morestack:
        .cfi_startproc
        pushq   %rbp
        .cfi_def_cfa_offset 16
        .cfi_offset rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register rbp
        pushq   %rax
        pushq   %rdi
        pushq   %rsi
        pushq   %rdx
        pushq   %rcx
        pushq   %r8
        pushq   %r9
        pushq   %r10
        pushq   %r11
        subq    $(8 * 64), %rsp
        andq    $-64, %rsp
        cmpb    $1, SYM(vector_level)(%rip)
        ja      3f
        je      2f
        movaps  %xmm0, 0(%rsp)
        movaps  %xmm1, 64(%rsp)
        movaps  %xmm2, 128(%rsp)
        movaps  %xmm3, 192(%rsp)
        movaps  %xmm4, 256(%rsp)
        movaps  %xmm5, 320(%rsp)
        movaps  %xmm6, 384(%rsp)
        movaps  %xmm7, 448(%rsp)
        jmp     4f
2:      vmovaps %ymm0, 0(%rsp)
        vmovaps %ymm1, 64(%rsp)
        vmovaps %ymm2, 128(%rsp)
        vmovaps %ymm3, 192(%rsp)
        vmovaps %ymm4, 256(%rsp)
        vmovaps %ymm5, 320(%rsp)
        vmovaps %ymm6, 384(%rsp)
        vmovaps %ymm7, 448(%rsp)
        jmp     4f
3:      vmovaps %zmm0, 0(%rsp)
        vmovaps %zmm1, 64(%rsp)
        vmovaps %zmm2, 128(%rsp)
        vmovaps %zmm3, 192(%rsp)
        vmovaps %zmm4, 256(%rsp)
        vmovaps %zmm5, 320(%rsp)
        vmovaps %zmm6, 384(%rsp)
        vmovaps %zmm7, 448(%rsp)
4:
        movq    %r10, %rdi
        leaq    16(%rbp), %rsi                  // %rsp of the checked function's caller frame
        call    SYM(morestack)
        cmpb    $1, SYM(vector_level)(%rip)
        ja      3f
        je      2f
        movaps  0(%rsp), %xmm0
        movaps  64(%rsp), %xmm1
        movaps  128(%rsp), %xmm2
        movaps  192(%rsp), %xmm3
        movaps  256(%rsp), %xmm4
        movaps  320(%rsp), %xmm5
        movaps  384(%rsp), %xmm6
        movaps  448(%rsp), %xmm7
        jmp     4f
2:      vmovaps 0(%rsp), %ymm0
        vmovaps 64(%rsp), %ymm1
        vmovaps 128(%rsp), %ymm2
        vmovaps 192(%rsp), %ymm3
        vmovaps 256(%rsp), %ymm4
        vmovaps 320(%rsp), %ymm5
        vmovaps 384(%rsp), %ymm6
        vmovaps 448(%rsp), %ymm7
        jmp     4f
3:      vmovaps 0(%rsp), %zmm0
        vmovaps 64(%rsp), %zmm1
        vmovaps 128(%rsp), %zmm2
        vmovaps 192(%rsp), %zmm3
        vmovaps 256(%rsp), %zmm4
        vmovaps 320(%rsp), %zmm5
        vmovaps 384(%rsp), %zmm6
        vmovaps 448(%rsp), %zmm7
4:
        leaq    -72(%rbp), %rsp
        popq    %r11
        popq    %r10
        popq    %r9
        popq    %r8
        popq    %rcx
        popq    %rdx
        popq    %rsi
        popq    %rdi
        popq    %rax
        popq    %rbp
        .cfi_def_cfa rsp, 8
        incq    (%rsp)                          // step over the ret: the body starts behind it
        ret
        .cfi_endproc
        .size   __morestack, . - __morestack

// gcc calls this for variable-length arrays in checked functions. We never link code that needs it.
FUNCTION(__morestack_allocate_stack_space)
        ud2
END(__morestack_allocate_stack_space)

// long Syscall(long nr, long a1, ..., long a5, [stack] long a6)
// The goroutine's one way into the kernel: nosplit from here until it returns. Its return addresses
// have names for the maps of stack/own_frames.cc.
        .macro  SYSCALL_STUB enter, name
        pushq   %rbp
        .cfi_adjust_cfa_offset 8
        .cfi_offset rbp, -16
        movq    %rsp, %rbp
        .cfi_def_cfa_register rbp
        pushq   %rdi
        pushq   %rsi
        pushq   %rdx
        pushq   %rcx
        pushq   %r8
        pushq   %r9
        pushq   %rbx                            // for a collector to see: pointers to the heap
        pushq   %r12                            // may live there alone while the call lasts
        pushq   %r13
        pushq   %r14
        pushq   %r15
        subq    $8, %rsp
        movq    8(%rbp), %rdi                   // the caller's pc, sp and bp
        leaq    16(%rbp), %rsi
        movq    (%rbp), %rdx
        call    \enter
        .globl  \name\()_entered; \name\()_entered:
        subq    $8, %rsp
        pushq   16(%rbp)                        // the sixth argument
        movq    -8(%rbp), %rdi
        movq    -16(%rbp), %rsi
        movq    -24(%rbp), %rdx
        movq    -32(%rbp), %rcx
        movq    -40(%rbp), %r8
        movq    -48(%rbp), %r9
        call    SYM(os_syscall6)
        .globl  \name\()_called; \name\()_called:
        movq    %rax, -8(%rbp)
        call    SYM(exitsyscall)
        .globl  \name\()_exited; \name\()_exited:
        movq    -8(%rbp), %rax
        movq    %rbp, %rsp
        popq    %rbp
        .cfi_def_cfa rsp, 8
        ret
        .endm

FUNCTION(SYM(Syscall))
        SYSCALL_STUB SYM(entersyscall), SYM(Syscall)
END(SYM(Syscall))

// The same where the caller knows that the call will block.
FUNCTION(SYM(Syscallblock))
        SYSCALL_STUB SYM(entersyscallblock), SYM(Syscallblock)
END(SYM(Syscallblock))

#if THROWSPLIT_HOOKS
// uint64_t hook_call(uint32_t site, uint32_t object, uint64_t extra)
FUNCTION(SYM(hook_call))
        movq    FS_HOOK, %rax
        testq   %rax, %rax
        jz      1f
        SAVE_REGISTERS
        pushq   FS_SLOT
        pushq   FS_G
        .cfi_adjust_cfa_offset 16
        movq    %rax, %rbx                      // the context
        movl    %edi, %r12d
        movl    %esi, %r13d
        movq    %rdx, %r14
        movq    %rsp, CTX_SP(%rbx)
        movq    CTX_HOST(%rbx), %rbp
#ifdef SANITIZED
        leaq    CTX_SELF(%rbx), %rdi
        leaq    HOST_SAN(%rbp), %rsi
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        call    SYM(san_leave_hook)
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
#endif
        movq    $0, FS_SLOT                     // the host is nobody: no guard, no G, no hooks
        movq    $0, FS_G
        movq    $0, FS_HOOK
        movq    HOST_SP(%rbp), %rsp             // a multiple of 16
#ifdef SANITIZED
        leaq    HOST_SAN(%rbp), %rdi
        leaq    CTX_SELF(%rbx), %rsi
        call    SYM(san_arrive)
#endif
        movq    %rbx, %rdi
        movl    %r12d, %esi
        movl    %r13d, %edx
        movq    %r14, %rcx
        call    *HOST_FN(%rbp)
        movq    %rax, %rbx                      // who goes on
#ifdef SANITIZED
        leaq    HOST_SAN(%rbp), %rdi
        leaq    CTX_SELF(%rbx), %rsi
        call    SYM(san_leave_hook)
#endif
        movq    %rbx, FS_HOOK
        movq    CTX_SP(%rbx), %rsp
#ifdef SANITIZED
        leaq    CTX_SELF(%rbx), %rdi
        leaq    HOST_SAN(%rbp), %rsi
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        call    SYM(san_arrive)
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
#endif
        movq    CTX_REPLY(%rbx), %rax
        popq    FS_G
        popq    FS_SLOT
        .cfi_adjust_cfa_offset -16
        RESTORE_REGISTERS
        ret
1:
        xorl    %eax, %eax
        ret
END(SYM(hook_call))

// void context_switch(HookContext* from, HookContext* to)
FUNCTION(SYM(context_switch))
        SAVE_REGISTERS
        pushq   FS_SLOT
        pushq   FS_G
        .cfi_adjust_cfa_offset 16
        movq    %rdi, %r12
        movq    %rsi, %rbx
        movq    %rsp, CTX_SP(%r12)
#ifdef SANITIZED
        leaq    CTX_SELF(%r12), %rdi
        leaq    CTX_SELF(%rbx), %rsi
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        call    SYM(san_leave_hook)
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
#endif
        movq    %rbx, FS_HOOK
        movq    CTX_SP(%rbx), %rsp
#ifdef SANITIZED
        leaq    CTX_SELF(%rbx), %rdi
        leaq    CTX_SELF(%r12), %rsi
        subq    $8, %rsp
        .cfi_adjust_cfa_offset 8
        call    SYM(san_arrive)
        addq    $8, %rsp
        .cfi_adjust_cfa_offset -8
#endif
        movq    CTX_REPLY(%rbx), %rax
        popq    FS_G
        popq    FS_SLOT
        .cfi_adjust_cfa_offset -16
        RESTORE_REGISTERS
        ret
END(SYM(context_switch))

// First instruction of a fresh context: %r12 the function, %r13 its argument.
        .globl  SYM(context_start)
        .type   SYM(context_start), @function
SYM(context_start):
        .cfi_startproc
        .cfi_undefined rip
        xorl    %ebp, %ebp
        movq    %r13, %rdi
        call    *%r12
        ud2
        .cfi_endproc
        .size   SYM(context_start), . - SYM(context_start)
#endif

        .section .note.GNU-stack,"",@progbits
