// dies: CHECK_LT(mp->held_ranks, rank_bit(mutex))
// SPDX-License-Identifier: Apache-2.0
//
// Two locks taken in the wrong order.
#include "runtime/runtime.h"
#include "runtime/sync/sync.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::Mutex high;
    high.rank = throwsplit::LockRank::stack;
    throwsplit::Mutex low;
    low.rank = throwsplit::LockRank::timers;
    throwsplit::lock(&high);
    throwsplit::lock(&low);
  });
}
