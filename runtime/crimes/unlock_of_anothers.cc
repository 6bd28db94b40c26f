// dies: CHECK_NE(was, kUnlocked)
// SPDX-License-Identifier: Apache-2.0
//
// One lock taken, another of the same rank given back.
#include "runtime/runtime.h"
#include "runtime/sync/sync.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::Mutex mine;
    throwsplit::Mutex other;
    throwsplit::lock(&mine);
    throwsplit::unlock(&other);
  });
}
