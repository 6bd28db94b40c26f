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
          constexpr size_t kBytes = 2 * throwsplit::kMappedBytesStart;
          constexpr size_t kBlockBytes = throwsplit::stackpool_block_bytes(kBytes);
          throwsplit::crimes::refuse(SYS_mmap, kBlockBytes, ENOMEM);
          throwsplit::copystack(throwsplit::crimes::user_goroutine(), kBytes);
        },
        true, false);
  });
}
