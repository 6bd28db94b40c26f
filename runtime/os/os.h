// The kernel as the runtime sees it. Two bodies, chosen at link: Linux, and the simulator's.
// SPDX-License-Identifier: Apache-2.0
//
// Times are nanoseconds of the monotonic clock. Failures come back as values: a negative errno,
// null or false. One contract test (os_contract_test.cc) runs against both bodies.
#pragma once

#include <cstddef>
#include <cstdint>

#include "runtime/arch/arch.h"
#include "runtime/base/flavour.h"
#include "runtime/base/nosplit.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

// ---- Memory ------------------------------------------------------------------------------------

// Zeroed, page-aligned memory that the kernel commits on touch, or null when it refuses.
void* os_alloc(size_t bytes);
void os_free(void* memory, size_t bytes);
// Gives the pages back; the range stays mapped and reads as zero.
void os_discard(void* memory, size_t bytes);
// A stack: like os_alloc, but its contents are whatever was there. What the sanitizers know of it
// travels with it in `san`: the simulator hands out old stacks with their fake stacks, because a
// fresh one costs 22 us under AddressSanitizer.
void* os_stack_alloc(size_t bytes, SanContext* san);
// Needs: nothing live on it (an abandoned one went through san_context_abandon).
void os_stack_free(void* memory, size_t bytes, SanContext* san);
// Makes the range fault when touched. False: the kernel cannot, or its limit of mappings is near.
bool os_fence(void* memory, size_t bytes);

// ---- Threads -----------------------------------------------------------------------------------

struct OsThread {
  uintptr_t handle = 0;
};
// Runs fn(arg) on a new thread with a stack of about `stack_bytes`. False: the kernel refused.
bool os_thread_create(OsThread* thread, void (*fn)(void*), void* arg, size_t stack_bytes);
// Returns once the thread has left fn and touches nothing of ours any more.
void os_thread_join(OsThread thread);
// The bounds of the calling thread's own stack.
void os_stack_bounds(uintptr_t* lo, uintptr_t* hi);
// A thread's alternate signal stack: ours, and what it had before.
struct OsSignalStack {
  void* ours = nullptr;  // null: what it had is large enough
  void* before = nullptr;
  size_t before_bytes = 0;  // 0: it had none
};
// Readies this thread to run goroutines: an alternate signal stack. False: no memory.
bool os_minit(OsSignalStack* stack);
void os_unminit(const OsSignalStack& stack);
uint32_t os_ncpu();
// The calling thread's guard slot (%fs:GUARD_SLOT), for other threads to write: a handle, and the
// write. Valid until the thread is joined; what is left in the slot then, the next thread begins
// with. Why not an address: in the simulator a thread that is not running keeps its slot with its
// saved registers.
uintptr_t os_guard_handle();
void os_guard_write(uintptr_t handle, uintptr_t guard);

// ---- Waiting and time --------------------------------------------------------------------------

inline constexpr int64_t kForever = -1;

// Sleeps while *word == value, at most `ns` (kForever: without limit). May return early for no
// reason.
void os_futexsleep(uint32_t* word, uint32_t value, int64_t ns);
NOSPLIT void os_futexwakeup(uint32_t* word, uint32_t count);
int64_t os_nanotime();
// Now and `ns` more, or the last moment there is. Needs: ns >= 0.
inline int64_t os_deadline(int64_t ns) {
  const int64_t now = os_nanotime();
  return ns > INT64_MAX - now ? INT64_MAX : now + ns;
}
void os_usleep(int64_t ns);
// Lets others run: the processor's pause, or the thread's whole turn.
NOSPLIT void os_procyield(uint32_t count);
void os_osyield();

// ---- Calls -------------------------------------------------------------------------------------

extern "C" {
// The raw system call; -errno on failure. May not: split (it runs between enter and exit).
NOSPLIT long os_syscall6(long nr, long a1, long a2, long a3, long a4, long a5, long a6)
    ASM_NAME(os_syscall6);
}

// ---- Signals and the end -----------------------------------------------------------------------

// Re-registers every installed handler with SA_ONSTACK. Null, or the name of a signal whose handler
// could not be moved: a handler that runs on a goroutine's stack would overrun it.
const char* os_move_handlers_to_alternate_stacks();
// Last words: to standard error, unbuffered.
void os_print(const char* text, size_t bytes);
[[noreturn]] void os_abort();

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
