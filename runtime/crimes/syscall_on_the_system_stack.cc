// dies: system call outside of a goroutine
// SPDX-License-Identifier: Apache-2.0
//
// A function that blocking() runs has given its processor up already: there it calls the kernel by
// the library's own functions.
#include <sys/syscall.h>

#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::blocking([](void*) { return throwsplit::syscall_block(SYS_getpid); }, nullptr);
  });
}
