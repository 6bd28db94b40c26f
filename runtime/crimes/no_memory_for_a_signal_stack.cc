// dies: no memory for a signal stack
// SPDX-License-Identifier: Apache-2.0
//
// The main thread has its alternate stack; for those of the threads to come there is no memory.
#include <errno.h>
#include <signal.h>
#include <sys/syscall.h>

#include "runtime/crimes/refuse.h"
#include "runtime/os/os.h"
#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::OsSignalStack unused;
  throwsplit::os_minit(&unused);
  stack_t mine;
  sigaltstack(nullptr, &mine);
  throwsplit::crimes::refuse(SYS_mmap, static_cast<uint32_t>(mine.ss_size), ENOMEM);
  throwsplit::run(config, [] {
    for (;;)
      throwsplit::yield();
  });
}
