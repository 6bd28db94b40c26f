// dies: no memory for a thread
// SPDX-License-Identifier: Apache-2.0
//
// The kernel has no memory for the structure of sysmon's thread.
#include <errno.h>
#include <sys/syscall.h>

#include "runtime/crimes/refuse.h"
#include "runtime/gmp/gmp.h"
#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::crimes::refuse(SYS_mmap, sizeof(throwsplit::M), ENOMEM);
  throwsplit::run(config, [] {});
}
