// dies: gc_alloc: needs a processor, and a blocking function has none
// SPDX-License-Identifier: Apache-2.0
//
// A blocking function, which runs without a P, asks for a collected object.
#include "runtime/gc/gc.h"
#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::blocking(
        [](void*) -> long {
          throwsplit::gcheap_alloc(64, throwsplit::GcHolds::bytes);
          return 0;
        },
        nullptr);
  });
}
