// dies: CHECK_GE(mp->locks, 0)
// SPDX-License-Identifier: Apache-2.0
//
// An M released that nobody held.
#include "runtime/runtime.h"
#include "runtime/sync/sync.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] { throwsplit::releasem(throwsplit::getg()->m); });
}
