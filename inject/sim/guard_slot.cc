// Other threads' guard slots: a carrier that does not run keeps its slot with its saved registers.
// SPDX-License-Identifier: Apache-2.0
#include "inject/sim/machine.h"
#include "runtime/os/os.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

uintptr_t os_guard_handle() {
  return reinterpret_cast<uintptr_t>(inject::machine().running_context());
}

void os_guard_write(uintptr_t handle, uintptr_t guard) {
  auto* context = reinterpret_cast<HookContext*>(handle);
  if (context == nullptr || context == inject::machine().running_context()) {
    guard_slot_write(guard);
  } else {
    static_cast<inject::Carrier*>(context)->saved_slot() = guard;
  }
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
