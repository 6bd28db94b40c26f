// dies: CHECK_LT(mp->held_ranks, rank_bit(mutex))
// SPDX-License-Identifier: Apache-2.0
//
// sched.lock is taken with a scan bit set: who holds it may be waiting for that bit.
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"
#include "runtime/sync/sync.h"

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
    throwsplit::on_systemstack(
        [](void*) {
          throwsplit::castogscanstatus(other, throwsplit::Gwaiting, throwsplit::Gscanwaiting);
          throwsplit::lock(&throwsplit::this_world().sched.lock);
        },
        nullptr);
  });
}
