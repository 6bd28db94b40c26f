// dies: called on the system stack
// SPDX-License-Identifier: Apache-2.0
//
// A function that stop_the_world runs, and that yields: there is nobody to yield to.
#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config,
                  [] { throwsplit::stop_the_world([](void*) { throwsplit::yield(); }, nullptr); });
}
