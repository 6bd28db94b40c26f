// copystack: moves a mapped stack and every word that points into it.
// SPDX-License-Identifier: Apache-2.0
//
// What may point into a stack, and who adjusts it: words that frame maps mark, and saved rbp (the
// walk); g.sched and what a past system call left in G (move_contexts); slots lent to other
// goroutines (under stackrefs_lock, so that a writer meets the old stack before the copy or the new
// one after it, never the old one after it). Words that no map marks stay as they are, though they
// look like addresses.
#include "runtime/stack/copystack.h"

#include <string.h>

#include "runtime/base/check.h"
#include "runtime/base/throw.h"
#include "runtime/stack/pool.h"
#include "runtime/stack/stack.h"
#include "runtime/sync/sync.h"

namespace throwsplit::inline THROWSPLIT_FLAVOUR {

namespace {

// Above the first frame: the two words that end every walk (prepare_stack).
constexpr uintptr_t kBottomBytes = 16;

struct Move {
  G* gp;
  const FrameMaps* maps;
  StackRange from;
  StackRange to;

  bool inside(uintptr_t word) const { return word >= from.base && word < from.hi; }
  uintptr_t moved(uintptr_t word) const { return inside(word) ? word - from.hi + to.hi : word; }
};

// Stack memory, whatever the sanitizers think lives there.
NO_SANITIZE uintptr_t read_word(uintptr_t address) {
  return *reinterpret_cast<const volatile uintptr_t*>(address);
}
NO_SANITIZE void write_word(uintptr_t address, uintptr_t word) {
  *reinterpret_cast<volatile uintptr_t*>(address) = word;
}

bool is_bottom(uintptr_t pc) {
  return pc == reinterpret_cast<uintptr_t>(gostart_mapped_bottom) ||
         pc == reinterpret_cast<uintptr_t>(gostart_mapped);
}

// The map of a frame that returns to pc; dies if the frame may not be moved.
const FrameMap* movable(const Move& move, uintptr_t pc) {
  const FrameMap* map = framemaps_find(*move.maps, pc);
  ThrowDetail details[] = {{"goid", move.gp->goid}, {"pc", pc}};
  if (map == nullptr) {
    throw_details("copystack: a native frame is live on a stack that must move", details, 2);
  }
  if (map->unknown) {
    throw_details("copystack: a frame with unknown words is live on a stack that must move",
                  details, 2);
  }
  return map;
}

// One frame at its new place.
void adjust_frame(const Move& move, const FrameMap& map, uintptr_t sp) {
  for (uint32_t i = 0; i < map.bytes / 8; i++) {
    if (!frame_bit(map.stack_words, i)) continue;
    write_word(sp + uintptr_t{8} * i, move.moved(read_word(sp + uintptr_t{8} * i)));
  }
}

enum class Walk : uint8_t { look, adjust };

// From the saved registers up to the bottom. `sched_sp` is at the old place for a look, at the new
// one to adjust: frames lie the same in both.
void walk(const Move& move, uintptr_t sched_sp, uintptr_t hi, Walk what) {
  if (what == Walk::adjust) {
    const uintptr_t saved_bp = sched_sp + SAVED_BP;
    write_word(saved_bp, move.moved(read_word(saved_bp)));
  }
  uintptr_t pc = read_word(sched_sp + SAVED_PC);
  uintptr_t sp = sched_sp + SAVED_BYTES;
  while (!is_bottom(pc)) {
    const FrameMap* map = movable(move, pc);
    CHECK_LE(sp + map->bytes, hi - kBottomBytes);
    if (what == Walk::adjust) adjust_frame(move, *map, sp);
    sp += map->bytes;
    pc = read_word(sp - 8);
  }
  CHECK_EQ(sp, hi - kBottomBytes);
}

NO_SANITIZE void copy_words(uintptr_t to, uintptr_t from, size_t bytes) {
  for (size_t i = 0; i < bytes; i += 8)
    write_word(to + i, read_word(from + i));
}

void move_contexts(const Move& move) {
  G* gp = move.gp;
  gp->sched.sp = move.moved(gp->sched.sp);
  gp->sched.bp = move.moved(gp->sched.bp);
  // Of a call long over; but no word of the runtime may point into a range that was left.
  gp->syscallbp = move.moved(gp->syscallbp);
  gp->syscallscansp = move.moved(gp->syscallscansp);
  gp->syscallstack = StackRange();
}

}  // namespace

bool copystack_try(G* gp, size_t bytes) {
  M* mp = getg()->m;
  CHECK_EQ(getg(), mp->g0);
  CHECK_EQ(gp->mapped, true);
  CHECK_EQ(gp->syscallsp, 0u);
  CHECK_EQ(gp->throwsplit, false);
  Move move = {gp, &mp->world->framemaps, gp->stack, StackRange()};
  const uintptr_t used = move.from.hi - gp->sched.sp;
  CHECK_LE(used, move.from.hi - move.from.base);
  walk(move, gp->sched.sp, move.from.hi, Walk::look);
  INJECT(stack_move_look);
  if (!stackpool_alloc(*mp->world, bytes, &move.to)) return false;
  CHECK_LE(used, move.to.hi - move.to.base);
  {
    Locked locked(&gp->stackrefs_lock);
    copy_words(move.to.hi - used, gp->sched.sp, used);
    for (StackRef* ref = gp->stackrefs; ref != nullptr; ref = ref->next)
      ref->slot = move.moved(ref->slot);
    gp->stack = move.to;
  }
  INJECT(stack_move_copied);
  walk(move, move.to.hi - used, move.to.hi, Walk::adjust);
  move_contexts(move);
  gp->san.bottom = reinterpret_cast<void*>(move.to.base);
  gp->san.bytes = move.to.hi - move.to.base;
  // Told first: whoever takes the old range anew comes later in the story.
  trace(Event::stack_move, gp->index, static_cast<uint32_t>(bytes));
  stackpool_leave(*mp->world, move.from);
  INJECT(stack_move_left);
  return true;
}

void copystack(G* gp, size_t bytes) {
  if (!copystack_try(gp, bytes)) throw_("copystack: no memory for the new stack");
}

bool stack_grow_by_moving(G* gp, uintptr_t sp, uintptr_t frame_bytes) {
  const size_t most = getg()->m->world->settings.mapped_bytes_max;
  if (frame_bytes > most) return false;
  const size_t need = gp->stack.hi - sp + frame_bytes;
  size_t bytes = mapped_bytes(gp->stack);
  while (bytes <= need)
    bytes *= 2;
  if (bytes > most) return false;
  copystack(gp, bytes);
  return true;
}

void stackref_add(G* gp, StackRef* ref, uintptr_t slot) {
  CHECK_EQ(slot >= gp->stack.base && slot < gp->stack.hi, true);
  Locked locked(&gp->stackrefs_lock);
  ref->slot = slot;
  ref->next = gp->stackrefs;
  gp->stackrefs = ref;
}

void stackref_remove(G* gp, StackRef* ref) {
  Locked locked(&gp->stackrefs_lock);
  for (StackRef** link = &gp->stackrefs; *link != nullptr; link = &(*link)->next) {
    if (*link != ref) continue;
    *link = ref->next;
    ref->slot = 0;
    return;
  }
}

bool stackref_write(G* gp, const StackRef* ref, const void* from, size_t bytes) {
  Locked locked(&gp->stackrefs_lock);
  if (ref->slot == 0) return false;
  memcpy(reinterpret_cast<void*>(ref->slot), from, bytes);
  return true;
}

}  // namespace throwsplit::inline THROWSPLIT_FLAVOUR
