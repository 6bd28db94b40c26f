// dies: copystack: a frame with unknown words is live on a stack that must move
// SPDX-License-Identifier: Apache-2.0
//
// A mapped stack is to move while a frame lives whose words may be pointers, nobody knows which.
#include "runtime/crimes/mapped.h"

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::crimes::run_mapped(
        [](void*) {
          throwsplit::G* gp = throwsplit::crimes::user_goroutine();
          throwsplit::copystack(gp, 2 * throwsplit::kMappedBytesStart);
        },
        true, true);
  });
}
