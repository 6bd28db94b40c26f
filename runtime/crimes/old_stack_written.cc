// dies: an old stack was written to after it was left
// SPDX-License-Identifier: Apache-2.0
//
// A pointer into a stack that moved away is kept and written through; the quarantine finds out.
#include "runtime/crimes/mapped.h"

namespace {

// AddressSanitizer would be first.
NO_SANITIZE void write_through(uintptr_t stale) {
  *reinterpret_cast<volatile uint64_t*>(stale) = 1;
}

}  // namespace

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::crimes::run_mapped(
        [](void*) {
          throwsplit::G* gp = throwsplit::crimes::user_goroutine();
          const uintptr_t stale = gp->sched.sp;
          throwsplit::copystack(gp, throwsplit::kMappedBytesStart);
          gp->stackguard0.init(gp->stack.lo + gp->stack.guard_bytes);
          write_through(stale);
        },
        true, false);
  });
}
