// dies: entersyscall: the caller's stack pointer is outside its stack
// SPDX-License-Identifier: Apache-2.0
//
// A way into a system call that lies about where its caller stands.
#include "runtime/runtime.h"
#include "runtime/syscall/syscall.h"

namespace {

NOSPLIT NOINLINE void lie();
void lie() {
  auto* frame = static_cast<uintptr_t*>(__builtin_frame_address(0));
  throwsplit::entersyscall(frame[1], 8, frame[0]);
}

}  // namespace

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] { lie(); });
}
