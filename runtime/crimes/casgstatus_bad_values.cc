// dies: casgstatus: bad incoming values
// SPDX-License-Identifier: Apache-2.0
//
// A move that moves.def does not know: nobody goes from waiting straight into a system call.
#include "runtime/gmp/gmp.h"
#include "runtime/runtime.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::casgstatus(throwsplit::getg(), throwsplit::Gwaiting, throwsplit::Gsyscall);
  });
}
