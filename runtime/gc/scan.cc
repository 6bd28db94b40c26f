// Where pointers to the heap may stand outside of it: stacks, saved registers, registered ranges.
// SPDX-License-Identifier: Apache-2.0
//
// Of a mapped stack the maps say which words are pointers. Of a native stack nobody says: every
// word counts, from where the goroutine was left up to its first frame. Where that is:
//
//   runs here, on the system stack    g.sched.sp; all registers that matter were saved there
//   waits, or is queued               the same
//   in a system call                  g.syscallscansp: below syscallsp lies the frame of the stub,
//                                     with the six arguments (integers, one of which may be the
//                                     only thing that leads to an object) and the registers that
//                                     its caller wants back. g.sched may be anybody's by then.
//
// AddressSanitizer keeps frames with arrays and escaping variables elsewhere; the stack holds a
// pointer to each, which is followed.
#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/gc/gc.h"
#include "runtime/stack/stack.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// What mcall and systemstack save: r15 r14 r13 r12 rbx rbp, and the return address above them.
constexpr uintptr_t kSavedBytes = 7 * 8;
// Above the first frame: the two words that end every walk (prepare_stack).
constexpr uintptr_t kBottomBytes = 16;

NO_SANITIZE uintptr_t word_at(uintptr_t address) {
  return *reinterpret_cast<const volatile uintptr_t*>(address);
}

void scan_words(GcHeap* heap, uintptr_t lo, uintptr_t hi, void* fake_stack) {
  mark_range(heap, lo, hi);
  if (fake_stack == nullptr) return;
  for (uintptr_t at = (lo + 7) & ~uintptr_t{7}; at + 8 <= hi; at += 8) {
    uintptr_t frame_lo;
    uintptr_t frame_hi;
    if (!san_fake_frame(fake_stack, word_at(at), &frame_lo, &frame_hi)) continue;
    mark_range(heap, frame_lo, frame_hi);
  }
}

bool is_bottom(uintptr_t pc) {
  return pc == reinterpret_cast<uintptr_t>(gostart_mapped_bottom) ||
         pc == reinterpret_cast<uintptr_t>(gostart_mapped);
}

// From the frame that returns to pc, with rsp at sp, up to the bottom.
void scan_frames(World& world, G* gp, uintptr_t pc, uintptr_t sp) {
  while (!is_bottom(pc)) {
    const FrameMap* map = framemaps_find(world.framemaps, pc);
    if (map == nullptr) {
      ThrowDetail details[] = {{"goid", gp->goid}, {"pc", pc}};
      throw_details("gc: a native frame is live on a mapped stack", details, 2);
    }
    CHECK_LE(sp + map->bytes, gp->stack.hi - kBottomBytes);
    for (uint32_t i = 0; i < map->bytes / 8 - 1; i++) {
      const uintptr_t word = word_at(sp + uintptr_t{8} * i);
      if (map->unknown || frame_bit(map->heap_words, i)) mark_word(world.gc.heap, word);
    }
    sp += map->bytes;
    pc = word_at(sp - 8);
  }
}

}  // namespace

void scanstack(World& world, G* gp) {
  stack_check_owned(gp);
  GcHeap* heap = world.gc.heap;
  if (heap == nullptr) return;
  mark_word(heap, reinterpret_cast<uintptr_t>(gp->startarg));
  const bool in_call = gp->syscallsp != 0;
  const uintptr_t from = in_call ? gp->syscallscansp : gp->sched.sp;
  CHECK(from >= gp->stack.base && from < gp->stack.hi);
  if (!gp->mapped) {
    scan_words(heap, from, gp->stack.hi, in_call ? gp->syscallfake : gp->san.fake_stack);
    return;
  }
  if (in_call) {
    mark_range(heap, from, gp->syscallsp);
    scan_frames(world, gp, gp->syscallpc, gp->syscallsp);
    return;
  }
  mark_range(heap, from, from + kSavedBytes - 8);
  scan_frames(world, gp, word_at(from + kSavedBytes - 8), from + kSavedBytes);
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
