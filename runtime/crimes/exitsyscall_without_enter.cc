// dies: exitsyscall: the stack is not the one that entered
// SPDX-License-Identifier: Apache-2.0
//
// Out of a system call that nobody went into.
#include "runtime/runtime.h"
#include "runtime/syscall/syscall.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] { throwsplit::exitsyscall(); });
}
