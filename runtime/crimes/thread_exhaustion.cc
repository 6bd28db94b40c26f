// dies: thread exhaustion: the world needs more threads than max_ms allows
// SPDX-License-Identifier: Apache-2.0
//
// A world of one thread whose only thread goes into a call that blocks, with work left to do.
#include <sys/syscall.h>

#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  config.max_ms = 1;
  throwsplit::run(config, [] {
    throwsplit::go([] {});
    throwsplit::syscall_block(SYS_getpid);
  });
}
