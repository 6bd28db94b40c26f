// dies: entersyscallblock: the caller's stack pointer is outside its stack
// SPDX-License-Identifier: Apache-2.0
//
// A way into a blocking system call that gives the system stack's address for its own.
#include "runtime/runtime.h"
#include "runtime/syscall/syscall.h"

namespace {

NOSPLIT NOINLINE void lie();
void lie() {
  auto* frame = static_cast<uintptr_t*>(__builtin_frame_address(0));
  throwsplit::entersyscallblock(frame[1], throwsplit::getg()->m->g0->sched.sp, frame[0]);
}

}  // namespace

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] { lie(); });
}
