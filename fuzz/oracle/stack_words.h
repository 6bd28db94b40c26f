// Words on the stacks of goroutines, for oracles that read them between two steps.
// SPDX-License-Identifier: Apache-2.0
#pragma once

#include <cstdint>

#include "runtime/arch/layout.h"
#include "runtime/gmp/gmp.h"
#include "runtime/stack/frame_search.h"

namespace throwsplit::fuzz {

// Whatever the sanitizers think lives there.
NO_SANITIZE inline uintptr_t stack_word(uintptr_t address) {
  return *reinterpret_cast<const volatile uintptr_t*>(address);
}

// ---- The stub of a system call (arch/amd64.S): below syscallsp its return address, saved rbp, and
// then the number and five arguments, downwards.

inline constexpr uint32_t kStubArguments = 6;
inline uintptr_t stub_argument(uintptr_t syscallsp, uint32_t index) {
  return stack_word(syscallsp - uintptr_t{8} * (3 + index));
}

// Its goroutine is in the stub, and not in a call by way of the system stack, which saved another
// context.
inline bool is_in_stub(const G* gp) { return gp->syscallsp != 0 && gp->sched.sp == gp->syscallsp; }

// Calls fn with each word of gp's stack that points into a stack, as the maps say: saved rbp of the
// context that mcall or systemstack left, and what frames hold. Ends where a frame has no map;
// false: before the bottom of the stack.
template <typename F>
bool for_each_stack_word(World& world, const G* gp, F&& fn) {
  constexpr uintptr_t kBottomBytes = 16;  // two words that end every walk
  fn(stack_word(gp->sched.sp + SAVED_BP));
  uintptr_t pc = stack_word(gp->sched.sp + SAVED_PC);
  uintptr_t sp = gp->sched.sp + SAVED_BYTES;
  while (const FrameMap* map = search_frames<F>(world.framemaps.table, pc)) {
    if (sp + map->bytes > gp->stack.hi) return false;
    for (uint32_t i = 0; map->stack_words != nullptr && i < map->bytes / 8; i++) {
      if ((map->stack_words[i / 64] >> (i % 64) & 1) != 0) fn(stack_word(sp + uintptr_t{8} * i));
    }
    sp += map->bytes;
    pc = stack_word(sp - 8);
  }
  return sp == gp->stack.hi - kBottomBytes;
}

}  // namespace throwsplit::fuzz
