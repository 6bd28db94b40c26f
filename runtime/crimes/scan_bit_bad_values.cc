// dies: scan bit: bad incoming values
// SPDX-License-Identifier: Apache-2.0
//
// A scan bit is to come with another status than it stands beside.
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::castogscanstatus(throwsplit::getg(), throwsplit::Grunning,
                                 throwsplit::Gscanwaiting);
  });
}
