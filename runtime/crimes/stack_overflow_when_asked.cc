// dies: stack overflow
// SPDX-License-Identifier: Apache-2.0
//
// A frame that does not fit comes with a request to give way: the request must not let it pass, for
// native code does not check again when it goes on.
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

namespace {

NOINLINE void greedy() {
  char frame[1 << 20];
  frame[0] = 1;
  asm volatile("" : : "r"(frame) : "memory");  // all of it must be there
}

}  // namespace

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::preempt_self(throwsplit::getg());
    greedy();
  });
}
