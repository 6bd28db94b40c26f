// dies: CHECK(running_here || (gp->atomicstatus.peek() & Gscan) != 0)
// SPDX-License-Identifier: Apache-2.0
//
// A stack is to shrink whose goroutine nobody has claimed: it may run at any moment.
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/stack/stack.h"

namespace {
throwsplit::G* other;
}

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::go([] {
      other = throwsplit::getg();
      throwsplit::park();
    });
    throwsplit::yield();
    throwsplit::on_systemstack([](void*) { throwsplit::shrinkstack(other); }, nullptr);
  });
}
