// dies: stack overflow
// SPDX-License-Identifier: Apache-2.0
//
// The same recursion fits into a stack of 1 MiB and not into one of 128 KiB: the size that go() was
// asked for is the size that counts.

#include "runtime/runtime.h"

namespace {

constexpr size_t kFrameBytes = 4000;
constexpr int kDepth = 64;  // 64 frames of 4000 bytes: 250 KiB

NOINLINE int recurse(int depth) {
  char frame[kFrameBytes];
  frame[0] = static_cast<char>(depth);
  asm volatile("" : : "r"(frame) : "memory");  // all of it must be there
  if (depth == kDepth) return 0;
  return recurse(depth + 1) + frame[0];
}

}  // namespace

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    bool survived = false;
    bool* report = &survived;
    throwsplit::go(
        [report] {
          recurse(0);
          *report = true;
        },
        size_t{1} << 20);
    while (!survived)
      throwsplit::yield();
    throwsplit::go([] { recurse(0); }, size_t{128} << 10);
    throwsplit::park();
  });
}
