// dies: CHECK_LT(mp->held_ranks, rank_bit(mutex))
// SPDX-License-Identifier: Apache-2.0
//
// A lock that its own holder waits for.
#include "runtime/runtime.h"
#include "runtime/sync/sync.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::Mutex mutex;
    throwsplit::lock(&mutex);
    throwsplit::lock(&mutex);
  });
}
