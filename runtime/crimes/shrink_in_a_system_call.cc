// dies: shrinkstack at bad time: in a system call
// SPDX-License-Identifier: Apache-2.0
//
// A stack is to shrink while six integers of a system call may point into it.
#include "runtime/crimes/mapped.h"
#include "runtime/stack/stack.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::crimes::run_mapped(
        [](void*) {
          throwsplit::G* gp = throwsplit::crimes::user_goroutine();
          gp->syscallsp = gp->sched.sp;
          throwsplit::shrinkstack(gp);
        },
        true, false);
  });
}
