// A carrier: one simulated thread, with a stack that is used again in run after run.
// SPDX-License-Identifier: Apache-2.0
#include "inject/sim/carrier.h"

#include <sys/mman.h>

#include "runtime/arch/layout.h"

#if THROWSPLIT_ASAN
#include <sanitizer/asan_interface.h>
#endif
#if THROWSPLIT_TSAN
#include <sanitizer/tsan_interface.h>
#endif

namespace throwsplit::inject {

namespace {

constexpr size_t kFenceBytes = kPageBytes;

#if THROWSPLIT_TSAN
// All that happened on the fiber so far comes before what its host does from here on.
void order_fiber_before_here(void* fiber) {
  void* here = __tsan_get_current_fiber();
  if (fiber == nullptr || fiber == here) return;
  __tsan_switch_to_fiber(fiber, __tsan_switch_to_fiber_no_sync);
  __tsan_switch_to_fiber(here, 0);
}
#endif

}  // namespace

void order_release([[maybe_unused]] void* what) {
#if THROWSPLIT_TSAN
  __tsan_release(what);
#endif
}

void order_acquire([[maybe_unused]] void* what) {
#if THROWSPLIT_TSAN
  __tsan_acquire(what);
#endif
}

bool Carrier::prepare(HookHost* hook_host, void (*begin)(void*), size_t bytes_wanted) {
  if (stack_bytes < bytes_wanted) {
    release_stack();
    size_t bytes = (bytes_wanted + kPageBytes - 1) & ~(kPageBytes - 1);
    void* memory = mmap(nullptr, bytes + kFenceBytes, PROT_READ | PROT_WRITE,
                        MAP_PRIVATE | MAP_ANONYMOUS | MAP_NORESERVE, -1, 0);
    if (memory == MAP_FAILED) return false;
    mprotect(memory, kFenceBytes, PROT_NONE);
    stack_lo = reinterpret_cast<uintptr_t>(memory) + kFenceBytes;
    stack_bytes = bytes;
    own = SanContext{};
    san_context_init(&own, reinterpret_cast<void*>(stack_lo), stack_bytes);
  }
#if THROWSPLIT_ASAN
  // The frame in which the last user left for good was never taken apart.
  size_t stale = wound_back ? stack_bytes : kPageBytes;
  __asan_unpoison_memory_region(reinterpret_cast<void*>(stack_lo + stack_bytes - stale), stale);
#endif
  sp = prepare_stack(stack_lo + stack_bytes, context_start, reinterpret_cast<void*>(begin), this,
                     kHookFrameWords);
  host = hook_host;
  reply = 0;
  self = own;
  thread_state = ThreadState{};
  return true;
}

// A carrier that ended in order left its fake stack and its fiber fit for the next user. One that
// is abandoned may stand on its own stack or on a stack of the program (a goroutine's).
void Carrier::retire() {
#if THROWSPLIT_ASAN
  if (self.bottom == own.bottom) {
    own.fake_stack = self.fake_stack;
  } else if (live) {
    // Of the program's stack this fake stack is known to nobody else: its owner was running.
    san_context_abandon(&self);
  }
  wound_back = wound_back || live;
#endif
#if THROWSPLIT_TSAN
  order_fiber_before_here(own.fiber);
  if (live) {
    order_fiber_before_here(self.fiber);
    // The fiber's idea of the call stack is deep in the program; a fresh one starts from nothing.
    san_context_abandon(&own);
  }
#endif
  live = false;
  request = nullptr;
  self = SanContext{};
}

void Carrier::release_stack() {
  if (stack_bytes == 0) return;
  san_context_destroy(&own);
#if THROWSPLIT_ASAN
  __asan_unpoison_memory_region(reinterpret_cast<void*>(stack_lo), stack_bytes);
#endif
  munmap(reinterpret_cast<void*>(stack_lo - kFenceBytes), stack_bytes + kFenceBytes);
  stack_bytes = 0;
  stack_lo = 0;
  wound_back = false;
}

}  // namespace throwsplit::inject
