// dies: all goroutines are asleep - deadlock!
// SPDX-License-Identifier: Apache-2.0
//
// Two goroutines that wait, and nobody left to wake them.
#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 2;
  throwsplit::run(config, [] {
    throwsplit::go([] { throwsplit::park(); });
    throwsplit::park();
  });
}
