// dies: runtime: stack split at bad time, at a canonical check
// SPDX-License-Identifier: Apache-2.0
//
// One of the simulator's own checks, told to grow the stack while throwsplit is up.
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::getg()->throwsplit = true;
    throwsplit::morestack_canonical(1);
  });
}
