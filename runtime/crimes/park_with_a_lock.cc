// dies: CHECK_EQ(mp->locks, 0)
// SPDX-License-Identifier: Apache-2.0
//
// A goroutine that waits while it holds its M: the count would stay with whoever runs there next.
#include "runtime/runtime.h"
#include "runtime/sync/sync.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::acquirem();
    throwsplit::park();
  });
}
