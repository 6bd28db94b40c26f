// dies: CHECK_EQ(found_p, oldval)
// SPDX-License-Identifier: Apache-2.0
//
// A legal move of a P that is not where its mover thinks: somebody else has it.
#include "runtime/gmp/gmp.h"
#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::pset(throwsplit::getg()->m->p.peek(), throwsplit::Pidle, throwsplit::Prunning);
  });
}
