// The machine: who runs on this thread, switching stacks, the guard slot, leaving through a hook.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/arch/layout.h"
#include "runtime/base/flavour.h"
#include "runtime/base/nosplit.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

struct G;
struct M;

// What the sanitizers must be told about a stack. Fake stack: AddressSanitizer's side of a stack,
// kept while nobody runs on it. Fiber: ThreadSanitizer's.
struct SanContext {
  void* fake_stack = nullptr;
  const void* bottom = nullptr;
  size_t bytes = 0;
  void* fiber = nullptr;
};

// Where a goroutine goes on. pc and bp serve tracebacks; sp alone resumes.
struct Gobuf {
  uintptr_t sp = 0;
  uintptr_t pc = 0;
  uintptr_t bp = 0;
};

// What a goroutine asks its M to do on the system stack once it has left its own. Returns the
// goroutine to go on with at once, or null: the scheduler is to choose.
using McallFn = G* (*)(G* gp);

extern "C" {
// The G that runs here: a goroutine, or the M's g0. Null on threads that are not ours.
// Why assembly: a compiler may keep a thread-local address across a switch, and the goroutine may
// come back on another thread.
NOSPLIT G* getg_() ASM_NAME(getg);
NOSPLIT void setg(G* gp) ASM_NAME(setg);

// Runs on g0. Leaves for gp with `guard` in its slot; returns when a goroutine gives this M back
// through mcall, with the function it asked for.
// Why `guard` is an argument: the caller's read of gp->stackguard0 is a step of its own in the
// hooked flavours. The assembly re-reads gp->preempt after writing the slot; a request that fell
// between would be lost otherwise.
NOSPLIT McallFn gogo(G* gp, uintptr_t guard) ASM_NAME(gogo);

// Runs on a goroutine. Saves it in g->sched, returns to g0's gogo with fn. Comes back when some M
// calls gogo for this goroutine.
NOSPLIT void mcall(McallFn fn) ASM_NAME(mcall);

// Runs fn(arg) on the M's system stack; at once if already there. Overwrites g->sched.
NOSPLIT void systemstack(void (*fn)(void*), void* arg) ASM_NAME(systemstack);

// Where a fresh goroutine starts: r12 holds the function, r13 its argument.
void gostart() ASM_NAME(gostart);

// The same for mapped code: r12 is called at once. Its return address is gostart_mapped_bottom,
// where the frames of a mapped stack end.
void gostart_mapped() ASM_NAME(gostart_mapped);
extern const char gostart_mapped_bottom[] ASM_NAME(gostart_mapped_bottom);

// The slow side of a check of mapped code (runtime.h, go_mapped): gives way or grows by moving, and
// returns to be checked again. In: r10d, the bytes of the frame.
void morestack_mapped() ASM_NAME(morestack_mapped);

// For mapped code: foreign(slot) in a system call on the system stack, body(arg) out of it on the
// goroutine's own stack, foreign(slot) in a call again. slot: null, or within the caller's frame;
// it moves along.
long Callback(void (*foreign)(void*), void* slot, void (*body)(void*), void* arg)
    ASM_NAME(Callback);

// 0: SSE, 1: AVX, 2: AVX-512. What __morestack must save of the vector argument registers.
extern uint8_t vector_level ASM_NAME(vector_level);
}

#if THROWSPLIT_ASAN || THROWSPLIT_TSAN
ALWAYS_INLINE G* getg() { return getg_(); }
#else
ALWAYS_INLINE G* getg() {
  G* gp;
  asm volatile("movq %%fs:throwsplit_" THROWSPLIT_TEXT(THROWSPLIT_FLAVOUR) "_tls@tpoff, %0"
               : "=r"(gp)
               :
               : "memory");
  return gp;
}
#endif

// The slot that prologues on this thread compare with.
ALWAYS_INLINE uintptr_t guard_slot_read() {
  uintptr_t guard;
  asm volatile("movq %%fs:%c1, %0" : "=r"(guard) : "i"(GUARD_SLOT) : "memory");
  return guard;
}
ALWAYS_INLINE void guard_slot_write(uintptr_t guard) {
  asm volatile("movq %0, %%fs:%c1" : : "r"(guard), "i"(GUARD_SLOT) : "memory");
}
// Its address, for others to write through. Valid while the thread lives.
NOSPLIT uintptr_t* guard_slot_address();

// Prepares a stack so that gogo (or context_switch) enters `start` there; returns the sp to resume
// at. `context_words`: what lies under the callee-saved registers in this kind of frame (0 for
// gogo).
uintptr_t prepare_stack(uintptr_t hi, void (*start)(), void* r12, void* r13, int context_words);

void san_context_init(SanContext* context, const void* bottom, size_t bytes);
// Adopts the stack that is running now (a thread's own).
void san_context_adopt(SanContext* context, const void* bottom, size_t bytes);
void san_context_destroy(SanContext* context);
// Forgets whatever frames an abandoned stack held, so that the stack can be used again.
void san_context_abandon(SanContext* context);

// Tells AddressSanitizer, where it is, that nobody may touch the range, or that one may again.
void san_poison(uintptr_t base, size_t bytes);
void san_unpoison(uintptr_t base, size_t bytes);

// AddressSanitizer keeps some frames aside, in a fake stack of the stack that runs; null: it does
// not. And where a word points into such a frame, the frame's bounds.
NOSPLIT void* san_fake_stack();
bool san_fake_frame(void* fake_stack, uintptr_t word, uintptr_t* lo, uintptr_t* hi);

// Finds out which vector registers this machine has. Call once before the first goroutine.
void arch_init();

// ---- Leaving through a hook --------------------------------------------------------------------

struct HookContext;

// Who answers hooks, and the stack he does it on.
struct HookHost {
  uintptr_t sp = 0;
  // Returns the context that goes on: the caller's own, or in the simulator another one.
  HookContext* (*fn)(HookContext* self, uint32_t site, uint32_t object, uint64_t extra) = nullptr;
  SanContext san;
};

// One agent that may pass hooks: an M. While it is inside a hook, sp is where it goes on.
struct HookContext {
  uintptr_t sp = 0;
  HookHost* host = nullptr;
  uint64_t reply = 0;  // what hook_call returns when this context goes on
  SanContext self;     // the stack it was on
};

extern "C" {
// Leaves the current stack, whichever it is, for the host's. Touches no G. Returns 0 at once on
// threads without a context.
NOSPLIT uint64_t hook_call(uint32_t site, uint32_t object, uint64_t extra) ASM_NAME(hook_call);
NOSPLIT void set_hook_context(HookContext* context) ASM_NAME(set_hook_context);
// Parks the caller in `from` and goes on with `to`.
NOSPLIT void context_switch(HookContext* from, HookContext* to) ASM_NAME(context_switch);
// Where a fresh context starts: calls r12(r13).
void context_start() ASM_NAME(context_start);
}
inline constexpr int kHookFrameWords = 2;  // the slot and the running G, below the registers

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
