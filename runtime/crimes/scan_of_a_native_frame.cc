// dies: gc: a native frame is live on a mapped stack
// SPDX-License-Identifier: Apache-2.0
//
// A mapped goroutine collects, and one of its frames has no map.
#include "runtime/crimes/mapped.h"
#include "runtime/gc/gc.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::gc_alloc(16);
    throwsplit::crimes::run_mapped(
        [](void*) { throwsplit::gc_collect_try(throwsplit::this_world()); }, false, false);
  });
}
