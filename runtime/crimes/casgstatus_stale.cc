// dies: casgstatus: goroutine is not where its mover thinks
// SPDX-License-Identifier: Apache-2.0
//
// A legal move of a goroutine that somebody else has moved already: two agents believe they own it.
#include "runtime/gmp/gmp.h"
#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::casgstatus(throwsplit::getg(), throwsplit::Grunnable, throwsplit::Grunning);
  });
}
