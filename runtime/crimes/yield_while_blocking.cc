// dies: called on the system stack
// SPDX-License-Identifier: Apache-2.0
//
// A function that blocking() runs has no processor, so it may not yield one.
#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::blocking(
        [](void*) {
          throwsplit::yield();
          return 0L;
        },
        nullptr);
  });
}
