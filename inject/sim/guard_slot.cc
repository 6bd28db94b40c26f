// Other threads' guard slots: a carrier that does not run keeps its slot with its saved registers.
// SPDX-License-Identifier: Apache-2.0
#include "inject/sim/machine.h"
#include "runtime/os/os.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// A hook context's frame, from sp upwards: the running G, the slot, the registers (amd64.S).
constexpr size_t kSlotWord = 1;

}  // namespace

uintptr_t os_guard_handle() {
  return reinterpret_cast<uintptr_t>(inject::machine().running_context());
}

void os_guard_write(uintptr_t handle, uintptr_t guard) {
  auto* context = reinterpret_cast<HookContext*>(handle);
  if (context == nullptr || context == inject::machine().running_context()) {
    guard_slot_write(guard);
  } else {
    reinterpret_cast<uintptr_t*>(context->sp)[kSlotWord] = guard;
  }
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
