// dies: runtime: stack split at bad time, found on the system stack
// SPDX-License-Identifier: Apache-2.0
//
// The second half of a tripped check, reached while throwsplit is up by a way around the first.
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::getg()->throwsplit = true;
    throwsplit::mcall(throwsplit::newstack);
  });
}
