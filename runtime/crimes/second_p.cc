// dies: CHECK_EQ(mp->p.peek(), nullptr)
// SPDX-License-Identifier: Apache-2.0
//
// An M that takes a P while it has one.
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] { throwsplit::acquirep(throwsplit::getg()->m->p.peek()); });
}
