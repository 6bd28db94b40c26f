// dies: stopg: a goroutine has two scanners
// SPDX-License-Identifier: Apache-2.0
//
// A goroutine is claimed whose scan bit is set already.
#include "runtime/gc/gc.h"
#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

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
          other->atomicstatus.init(throwsplit::Gscanwaiting);
          throwsplit::stopg(other);
        },
        nullptr);
  });
}
