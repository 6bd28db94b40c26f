// dies: P moved illegally
// SPDX-License-Identifier: Apache-2.0
//
// A contested move that moves.def does not know: a stopped P does not go into a system call.
#include "runtime/gmp/gmp.h"
#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::pcas(throwsplit::getg()->m->p.peek(), throwsplit::Pgcstop, throwsplit::Psyscall);
  });
}
