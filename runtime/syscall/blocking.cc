// A blocking function, run on the system stack as a system call of its goroutine.
// SPDX-License-Identifier: Apache-2.0
#include <errno.h>

#include "runtime/syscall/syscall.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// Not instrumented: errno is the thread's own, but in the simulator all Ms share one thread.
void blocking_m(void* raw) noexcept;
NO_SANITIZE void blocking_m(void* raw) noexcept {
  auto* call = static_cast<BlockingCall*>(raw);
  errno = 0;
  call->value = call->fn(call->arg);
  call->error = errno;
}

}  // namespace

void blocking_edges(BlockingCall* call) {
  // Into this frame, where a collector looks, whatever the caller keeps in registers.
  __builtin_unwind_init();
  auto* frame = static_cast<uintptr_t*>(__builtin_frame_address(0));
  entersyscallblock(frame[1], reinterpret_cast<uintptr_t>(frame + 2), frame[0]);
  systemstack(blocking_m, call);
  exitsyscall();
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
