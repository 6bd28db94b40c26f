// dies: CHECK((mp->held_ranks & rank_bit(mutex)) != 0)
// SPDX-License-Identifier: Apache-2.0
//
// A lock given back that nobody took.
#include "runtime/runtime.h"
#include "runtime/sync/sync.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::Mutex mutex;
    throwsplit::unlock(&mutex);
  });
}
