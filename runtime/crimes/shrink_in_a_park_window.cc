// dies: shrinkstack at bad time: in a park window
// SPDX-License-Identifier: Apache-2.0
//
// A stack is to shrink while its goroutine's last M may still look at what it left there.
#include "runtime/crimes/mapped.h"
#include "runtime/stack/stack.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::crimes::run_mapped(
        [](void*) {
          throwsplit::G* gp = throwsplit::crimes::user_goroutine();
          gp->parkingm.init(gp->m);
          throwsplit::shrinkstack(gp);
        },
        true, false);
  });
}
