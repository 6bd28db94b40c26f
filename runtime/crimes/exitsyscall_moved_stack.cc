// dies: exitsyscall: the stack is not the one that entered
// SPDX-License-Identifier: Apache-2.0
//
// A stack whose limit was lowered between entersyscall and exitsyscall: it was not frozen.
#include "runtime/runtime.h"
#include "runtime/syscall/syscall.h"

namespace {

NOSPLIT NOINLINE void grow_between_the_edges();
void grow_between_the_edges() {
  auto* frame = static_cast<uintptr_t*>(__builtin_frame_address(0));
  throwsplit::entersyscall(frame[1], reinterpret_cast<uintptr_t>(frame + 2), frame[0]);
  throwsplit::getg()->stack.lo -= throwsplit::kPageBytes;
  throwsplit::exitsyscall();
}

}  // namespace

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] { grow_between_the_edges(); });
}
