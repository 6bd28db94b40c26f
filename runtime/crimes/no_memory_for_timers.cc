// dies: no memory for timers
// SPDX-License-Identifier: Apache-2.0
//
// The first sleeper of a world finds no memory for the heap of sleepers.
#include <errno.h>
#include <sys/syscall.h>

#include "runtime/crimes/refuse.h"
#include "runtime/gmp/gmp.h"
#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::crimes::refuse(SYS_mmap, 512 * sizeof(throwsplit::G*), ENOMEM);
    throwsplit::sleep(1);
  });
}
