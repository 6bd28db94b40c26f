// dies: stack overflow
// SPDX-License-Identifier: Apache-2.0
//
// A goroutine that calls itself without end: its soft limit grows down to the fence, then no more.
#include "runtime/runtime.h"

namespace {

volatile int forever = 1;

NOINLINE int recurse(int depth) {
  char frame[200];
  frame[0] = static_cast<char>(depth);
  asm volatile("" : : "r"(frame) : "memory");  // all of it must be there
  if (forever == 0) return depth;
  return recurse(depth + 1) + frame[0];
}

}  // namespace

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] { recurse(0); });
}
