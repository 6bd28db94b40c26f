// dies: CHECK_EQ(pp->status.peek(), uint32_t{Pidle})
// SPDX-License-Identifier: Apache-2.0
//
// A P put on the idle list while an M runs with it: two owners.
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::M* mp = throwsplit::getg()->m;
    throwsplit::pidleput(*mp->world, mp->p.peek());
  });
}
