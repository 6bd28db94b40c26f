// dies: gc: a freed object was written to
// SPDX-License-Identifier: Apache-2.0
//
// A pointer to an object is hidden from the collector, and written through afterwards.
#include "runtime/runtime.h"

namespace {

constexpr uintptr_t kMask = 0x5555555555555550;

NOINLINE uintptr_t make_hidden() {
  return reinterpret_cast<uintptr_t>(throwsplit::gc_alloc(64)) ^ kMask;
}

// What lies below on the stack is nobody's any more; nor are old registers.
NOINLINE void clean() {
  volatile char bytes[4096];
  for (size_t i = 0; i < sizeof bytes; i++)
    bytes[i] = 0;
}

// AddressSanitizer would be first.
NO_SANITIZE void write_through(uintptr_t hidden) {
  *reinterpret_cast<volatile uint64_t*>(hidden ^ kMask) = 1;
}

}  // namespace

int main() {
  throwsplit::Config config;
  config.procs = 1;
  throwsplit::run(config, [] {
    uintptr_t hidden[64];
    for (uintptr_t& each : hidden)
      each = make_hidden();
    clean();
    throwsplit::gc();
    for (uintptr_t each : hidden)
      write_through(each);
    for (int i = 0; i < 200; i++)
      throwsplit::gc_alloc(64);
  });
}
