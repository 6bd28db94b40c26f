// dies: runtime: stack split at bad time
// SPDX-License-Identifier: Apache-2.0
//
// The positive control of the whole protocol: a function with a split check, called between
// entersyscall and exitsyscall on the goroutine's own stack.
#include "runtime/runtime.h"
#include "runtime/syscall/syscall.h"

namespace {

NOSPLIT NOINLINE void between_the_edges();

NOINLINE int checked() {
  char frame[64];
  frame[0] = 1;
  asm volatile("" : : "r"(frame) : "memory");
  return frame[0];
}

void between_the_edges() {
  auto* frame = static_cast<uintptr_t*>(__builtin_frame_address(0));
  throwsplit::entersyscall(frame[1], reinterpret_cast<uintptr_t>(frame + 2), frame[0]);
  checked();
  throwsplit::exitsyscall();
}

}  // namespace

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] { between_the_edges(); });
}
