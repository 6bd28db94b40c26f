// dies: stack overflow on the system stack
// SPDX-License-Identifier: Apache-2.0
//
// A function on the system stack that calls itself without end. On a thread of its own: the main
// thread's stack may be without limit.
#include <thread>

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
  std::thread thread([] {
    throwsplit::Config config;
    config.procs = 1;
    throwsplit::run(config, [] { throwsplit::on_systemstack([](void*) { recurse(0); }, nullptr); });
  });
  thread.join();
}
