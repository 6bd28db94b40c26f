// dies: the kernel refuses a thread
// SPDX-License-Identifier: Apache-2.0
//
// The limit of threads is reached: the world cannot have its sysmon.
#include <errno.h>
#include <sys/syscall.h>

#include "runtime/crimes/refuse.h"
#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::crimes::refuse(SYS_clone3, 0, EAGAIN);
  throwsplit::crimes::refuse(SYS_clone, 0, EAGAIN);
  throwsplit::run(config, [] {});
}
