// dies: notewakeup - double wakeup
// SPDX-License-Identifier: Apache-2.0
//
// A note that is signalled twice without being cleared: the second waker woke somebody else.
#include "runtime/runtime.h"
#include "runtime/sync/sync.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::Note note;
    throwsplit::notewakeup(&note);
    throwsplit::notewakeup(&note);
  });
}
