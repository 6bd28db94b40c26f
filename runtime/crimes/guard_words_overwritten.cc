// dies: CHECK(stack_guard_words_intact(gp))
// SPDX-License-Identifier: Apache-2.0
//
// A goroutine that wrote through the bottom of a stack without a fence (the kernel ran out of
// mappings): the words that stand there instead tell when it ends.
#include <sys/mman.h>

#include "runtime/runtime.h"
#include "runtime/sched/sched.h"

namespace {

constexpr int kMadvGuardRemove = 103;  // Linux 6.13; older headers do not know it

}  // namespace

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    throwsplit::G* gp = throwsplit::getg();
    void* bottom = reinterpret_cast<void*>(gp->stack.base);
    madvise(bottom, throwsplit::kPageBytes, kMadvGuardRemove);
    mprotect(bottom, throwsplit::kPageBytes, PROT_READ | PROT_WRITE);
    gp->stack.fenced = false;  // and its page is zero: no guard word
  });
}
