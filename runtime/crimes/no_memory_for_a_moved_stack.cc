// dies: copystack: no memory for the new stack
// SPDX-License-Identifier: Apache-2.0
//
// The kernel refuses the block that a stack is to move to.
#include <errno.h>
#include <sys/syscall.h>

#include "runtime/crimes/mapped.h"
#include "runtime/crimes/refuse.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::crimes::run_mapped(
        [](void*) {
          throwsplit::crimes::refuse(SYS_mmap, 0, ENOMEM);
          throwsplit::copystack(throwsplit::crimes::user_goroutine(),
                                2 * throwsplit::kMappedBytesStart);
        },
        true, false);
  });
}
